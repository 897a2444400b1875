import { z } from "zod";
import { instantMsSchema } from "./names.ts";

export const QUARANTINE_REASONS = [
  "store-behind",
  "journal-behind",
  "journal-unknown",
  "other-deployment",
  "other-incarnation",
  "other-server",
] as const;

/** What an operator says a database is that may have been put back from a backup, or be a copy of one in use elsewhere. */
const releasedAsSchema = z.enum(["restored", "cloned"]);

/** `GET /quarantine`: whether this node spends, and if not, what it found. */
export const quarantineSchema = z.object({
  /** `merging`: an operator has spoken, and what the journals hold is being put into the database. */
  state: z.enum(["none", "held", "merging"]),
  sinceMs: instantMsSchema.nullable(),
  because: z.array(z.object({ reason: z.enum(QUARANTINE_REASONS), found: z.string() })).readonly(),
  node: z.string(),
  deployment: z.string(),
  incarnation: z.number().int(),
  /** The last release, and the incarnation that it ended. */
  released: z.object({ as: releasedAsSchema, from: z.number().int(), atMs: instantMsSchema }).nullable(),
});
export type Quarantine = z.infer<typeof quarantineSchema>;

/** `POST /quarantine/release`. `cloned` leaves every grant that lives by refresh tokens to the original, for good. */
export const quarantineReleaseSchema = z.strictObject({ as: releasedAsSchema });
export type QuarantineRelease = z.input<typeof quarantineReleaseSchema>;
