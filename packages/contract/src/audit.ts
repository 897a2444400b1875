import { z } from "zod";
import { instantMsSchema } from "./names.ts";
import { cursorSchema, pageQuery } from "./pages.ts";

const factSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** One record of the audit: what happened to whom, by whom. Chained by hashes to the one before it of the same node. */
export const auditRecordSchema = z.object({
  node: z.string(),
  /** From 1, per node. */
  sequence: z.number().int().positive(),
  atMs: instantMsSchema,
  by: z.string(),
  event: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  facts: z.record(z.string(), factSchema),
  /** SHA-256, hex, over the hash of the record before it and this one's canonical JSON. */
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** `GET /audit`. */
export const auditQuerySchema = pageQuery({});
export const auditPageSchema = z.object({ records: z.array(auditRecordSchema).readonly(), next: cursorSchema });
export type AuditPage = z.infer<typeof auditPageSchema>;

/** `GET /audit/verification`: every chain from its first record to its end. */
export const auditVerificationSchema = z.object({
  intact: z.boolean(),
  chains: z
    .array(
      z.object({
        node: z.string(),
        records: z.number().int().nonnegative(),
        /** The hash of the last record: kept elsewhere, it shows later that nothing before it was changed. */
        head: z.string(),
        /** The first record that does not fit; null where all do. */
        firstBroken: z.number().int().positive().nullable(),
      }),
    )
    .readonly(),
});
export type AuditVerification = z.infer<typeof auditVerificationSchema>;
