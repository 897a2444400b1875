import { z } from "zod";

export const OUTAGE_EVENTS = [
  "answer-lost",
  "process-killed",
  "process-paused",
  "node-lost",
  "node-cut-off",
  "machine-lost",
  "store-away",
  "synchronous-fail-over",
  "asynchronous-fail-over",
  "provider-away",
  "everything-away",
] as const;

/** A length of time; null: not even a moment can be promised. */
const spanSchema = z.union([z.number().positive(), z.literal("unlimited")]).nullable();

/** What is promised about one outage under one provider's rules. */
export const outagePromiseSchema = z.object({
  event: z.enum(OUTAGE_EVENTS),
  /** The outage costs no grant as long as it lasts no longer than this. */
  safeForMs: spanSchema,
  /** So many grants per app and node are at risk when it lasts longer; null: any number. */
  atRisk: z.number().int().nullable(),
  /** All other grants outlive it as long as it lasts no longer than this. */
  othersForMs: spanSchema,
  /** Another node has taken the work over after this time; null where none does. */
  takenOverWithinMs: z.number().nullable(),
  /** Callers of a connection in use go on getting tokens for at least and at most this long; null where they notice nothing. */
  servedForMs: z.object({ fromMs: z.number(), toMs: z.number() }).nullable(),
  /** All of it for a person to read. */
  sentence: z.string(),
});
export type OutagePromise = z.infer<typeof outagePromiseSchema>;

/** The outage budget: one promise per event. */
export const outageBudgetSchema = z.array(outagePromiseSchema).readonly();
