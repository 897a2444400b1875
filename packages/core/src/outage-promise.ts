/** What may go wrong around Evergrant while it keeps grants. */
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
export type OutageEvent = (typeof OUTAGE_EVENTS)[number];

/** A length of time in milliseconds; null: not even a moment can be promised. */
export type Span = number | "unlimited" | null;

/** What one provider's policy and our limits let us promise about one event. */
export interface OutagePromise {
  readonly event: OutageEvent;
  /** The event costs no grant as long as it lasts no longer than this. */
  readonly safeForMs: Span;
  /** So many grants of one app, per node, are at risk when it lasts longer; null: any number. */
  readonly atRisk: number | null;
  /** All other grants outlive it as long as it lasts no longer than this. */
  readonly othersForMs: Span;
  /** Another node has taken the work over after this time; null where none does. */
  readonly takenOverWithinMs: number | null;
  /** Callers of a connection in use go on getting tokens for at least and at most this long; null where they notice nothing. */
  readonly servedForMs: { readonly fromMs: number; readonly toMs: number } | null;
  /** All of it for a person to read. */
  readonly sentence: string;
}

/** The numbers of a promise, without what it is about and without its words. */
export type OutageNumbers = Omit<OutagePromise, "event" | "sentence">;
