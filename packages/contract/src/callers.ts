import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema, rightSchema } from "./names.ts";

const permissionsSchema = z.array(z.strictObject({ connection: nameSchema, right: rightSchema })).max(1000);

/** `POST /callers`: a server of yours, an OAuth client of Evergrant. */
export const newCallerSchema = z.strictObject({ name: nameSchema, permissions: permissionsSchema.default([]) });
export type NewCaller = z.input<typeof newCallerSchema>;

/** `PUT /callers/{id}/permissions`: takes the place of all permissions that the caller has. */
export const callerPermissionsSchema = z.strictObject({ permissions: permissionsSchema });
export type CallerPermissions = z.input<typeof callerPermissionsSchema>;

export const callerSchema = z.object({
  id: idSchema,
  name: z.string(),
  permissions: z.array(z.object({ connection: z.string(), right: rightSchema })).readonly(),
  secrets: z
    .array(z.object({ id: z.string(), createdAtMs: instantMsSchema, expiresAtMs: instantMsSchema.nullable() }))
    .readonly(),
  disabledAtMs: instantMsSchema.nullable(),
  createdAtMs: instantMsSchema,
});
export type Caller = z.infer<typeof callerSchema>;

export const callerListSchema = z.object({ callers: z.array(callerSchema).readonly() });

/** The only answer that shows the first client secret: it is kept as a hash. */
export const addedCallerSchema = z.object({ caller: callerSchema, clientId: z.string(), clientSecret: z.string() });
export type AddedCaller = z.infer<typeof addedCallerSchema>;

export const addedCallerSecretSchema = z.object({ clientSecret: z.string() });
export type AddedCallerSecret = z.infer<typeof addedCallerSecretSchema>;
