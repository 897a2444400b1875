import { z } from "zod";

const keyIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "must be the id of a key");
const nodes = z.array(z.string()).readonly();

/** `GET /keys`: key-encryption keys by id, and how far wrapping anew has come. */
export const keysSchema = z.object({
  keys: z
    .array(
      z.object({
        id: z.string(),
        primary: z.boolean(),
        /** Nodes that have it. */
        nodes,
        /** Nodes whose journal needs it. */
        journals: nodes,
      }),
    )
    .readonly(),
  /** Data keys that are still wrapped by another key than the primary (counted up to 10,000), and those that this node has done. */
  reseal: z.object({ running: z.boolean(), left: z.number().int(), done: z.number().int() }),
});
export type Keys = z.infer<typeof keysSchema>;

/** `POST /keys/rotate`. Null: a key that is made for it. */
export const keyRotationSchema = z.strictObject({ to: keyIdSchema.nullable().default(null) });

export const keyParamsSchema = z.strictObject({ id: keyIdSchema });
