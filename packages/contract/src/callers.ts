import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema, rightSchema } from "./names.ts";

const respectSchema = (what: z.ZodString) => z.array(what).min(1).max(200).readonly().nullable().default(null);

/** What a `gateway` permission is narrowed to; a respect that is left out is not narrowed. */
export const narrowingSchema = z.strictObject({
  /** The provider's ids of organisations. */
  tenants: respectSchema(z.string().max(200)),
  /** HTTP methods, in capitals. */
  methods: respectSchema(z.string().max(20)),
  /** `/a/b`, with `*` for one segment and `**` at the end for any further ones. */
  paths: respectSchema(z.string().max(300)),
});
export type Narrowing = z.infer<typeof narrowingSchema>;

const permissionSchema = z.strictObject({
  connection: nameSchema,
  right: rightSchema,
  only: narrowingSchema.optional(),
});
const permissionsSchema = z.array(permissionSchema).max(1000);

/** `POST /callers`: a server of yours, an OAuth client of Evergrant. */
export const newCallerSchema = z.strictObject({ name: nameSchema, permissions: permissionsSchema.default([]) });
export type NewCaller = z.input<typeof newCallerSchema>;

/** `PUT /callers/{id}/permissions`: takes the place of all permissions that the caller has. */
export const callerPermissionsSchema = z.strictObject({ permissions: permissionsSchema });
export type CallerPermissions = z.input<typeof callerPermissionsSchema>;

export const callerSchema = z.object({
  id: idSchema,
  name: z.string(),
  permissions: z
    .array(z.object({ connection: z.string(), right: rightSchema, only: narrowingSchema.optional() }))
    .readonly(),
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
