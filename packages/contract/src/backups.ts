import { z } from "zod";
import { instantMsSchema } from "./names.ts";

/** `POST /backup` answers with the bytes of a backup; `POST /backup/verification` takes them and says what they hold. */
export const BACKUP_MEDIA_TYPE = "application/vnd.evergrant.backup";

export const backupSummarySchema = z.object({
  deployment: z.string(),
  createdAtMs: instantMsSchema,
  /** The key that opens it. */
  key: z.string(),
  /** Rows by table. */
  rows: z.record(z.string(), z.number().int()),
});
export type BackupSummary = z.infer<typeof backupSummarySchema>;
