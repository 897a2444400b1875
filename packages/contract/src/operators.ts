import { z } from "zod";
import { readinessSchema } from "./health.ts";
import { idSchema, instantMsSchema, nameSchema } from "./names.ts";
import { listPage } from "./pages.ts";

/** What an operator may do, the least first: each role may what those before it may. */
export const OPERATOR_ROLES = ["viewer", "operator", "admin"] as const;
const roleSchema = z.enum(OPERATOR_ROLES);
export type OperatorRole = z.infer<typeof roleSchema>;

const issuerSchema = z.string().min(1).max(500);
const personSchema = z.string().min(1).max(300);

/** How an operator is known where they sign in, compared character for character. An e-mail address counts only where the issuer verified it. */
const identitySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("subject"), issuer: issuerSchema, subject: personSchema }),
  z.strictObject({ kind: z.literal("email"), issuer: issuerSchema, email: personSchema }),
]);
export type OperatorIdentity = z.infer<typeof identitySchema>;

/** `POST /operators/{name}/keys`. */
export const newOperatorKeySchema = z.strictObject({
  /** Null: it is good until it is taken away. */
  expiresAtMs: instantMsSchema.nullable().default(null),
});

/** `POST /operators`: a person who runs Evergrant. */
export const newOperatorSchema = z.strictObject({
  name: nameSchema,
  role: roleSchema,
  /** Null: no key, they can only sign in at the console. */
  key: newOperatorKeySchema.nullable().default({ expiresAtMs: null }),
  identity: identitySchema.nullable().default(null),
});
export type NewOperator = z.input<typeof newOperatorSchema>;

/** `PUT /operators/{name}/role`. */
export const operatorRoleSchema = z.strictObject({ role: roleSchema });

/** `PUT /operators/{name}/identity`; null: they come in by their keys alone. */
export const operatorIdentitySchema = z.strictObject({ identity: identitySchema.nullable() });

export const operatorSchema = z.object({
  id: idSchema,
  name: z.string(),
  role: roleSchema,
  keys: z
    .array(
      z.object({
        id: idSchema,
        createdAtMs: instantMsSchema,
        expiresAtMs: instantMsSchema.nullable(),
        /** As of about a minute ago. */
        lastUsedAtMs: instantMsSchema.nullable(),
      }),
    )
    .readonly(),
  identity: identitySchema.nullable(),
  identityLastUsedAtMs: instantMsSchema.nullable(),
  disabledAtMs: instantMsSchema.nullable(),
  createdAtMs: instantMsSchema,
});
export type Operator = z.infer<typeof operatorSchema>;

export const operatorListSchema = z.object({ operators: z.array(operatorSchema).readonly(), ...listPage });

/** The only answer that shows the key: it is kept as a hash. Null where none was asked for. */
export const addedOperatorSchema = z.object({ operator: operatorSchema, operatorKey: z.string().nullable() });
export type AddedOperator = z.infer<typeof addedOperatorSchema>;

export const addedOperatorKeySchema = z.object({ operatorKey: z.string() });

/** `GET /me`: who asks, and how this node is. */
export const meSchema = z.object({
  name: z.string(),
  role: roleSchema,
  publicUrl: z.string(),
  nowMs: instantMsSchema,
  health: readinessSchema,
});
export type Me = z.infer<typeof meSchema>;
