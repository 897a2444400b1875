import { z } from "zod";
import { consentResultSchema } from "./consents.ts";
import { idSchema, nameSchema } from "./names.ts";

/** A refresh token that lives elsewhere, of one connection. */
const importedTokenSchema = z.strictObject({
  /** Made where there is none of this name. */
  connection: nameSchema,
  /** The app that the token was issued to; null: the one that the connection has. */
  app: nameSchema.nullable().default(null),
  refreshToken: z.string().min(1).max(4_096),
  /** Id or name of an organisation that it has to reach. */
  expectedTenant: z.string().min(1).max(200).nullable().default(null),
  /** The provider's name for the person it has to belong to. */
  expectedSubject: z.string().min(1).max(256).nullable().default(null),
});
export type ImportedToken = z.input<typeof importedTokenSchema>;

/** `POST /imports`: all are looked at before any is sent. */
export const newImportsSchema = z.strictObject({
  tokens: z.array(importedTokenSchema).min(1).max(50),
  /** Looks at them and sends nothing. */
  checkOnly: z.boolean().default(false),
});
export type NewImports = z.input<typeof newImportsSchema>;

export const importSchema = z.object({
  /** The consent that it is kept as: held ones are decided by it. */
  id: idSchema,
  result: consentResultSchema,
  /** Why it is not verified yet; null where nothing went wrong. */
  trouble: z.string().nullable(),
});
export type Import = z.infer<typeof importSchema>;

/** Empty where they were only looked at. */
export const importListSchema = z.object({ imports: z.array(importSchema).readonly() });
