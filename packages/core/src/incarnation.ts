/** What names one database: the deployment in it, which of its lives it is in, and the server that keeps it. */
export interface StoreIdentity {
  readonly deployment: string;
  /** Drawn anew whenever an operator says that the database was restored or cloned: two copies never share one. */
  readonly incarnation: number;
  /** A Postgres cluster's system identifier; null where there is none, or where it is not told. */
  readonly server: string | null;
}

/** What a node can hold against a store that it meets, at its start or again. Positions count the records of its journal, from 1. */
export interface StoreFacts {
  /** What the node last knew of its store, kept outside of it; null where it never met one. */
  readonly remembered: StoreIdentity | null;
  readonly store: StoreIdentity;
  /** Whether this process alone writes the store, so that nobody else's row belongs in it. */
  readonly exclusive: boolean;
  /** The position of the node's journal that the store was last told; null where it knows no such node. */
  readonly toldPosition: number | null;
  /** How many other nodes have written to the store. */
  readonly otherNodes: number;
  readonly journal: {
    /** The oldest record that is still kept, or the one that comes next. */
    readonly firstPosition: number;
    /** The newest; 0 before the first. */
    readonly lastPosition: number;
  };
  /** Answers that the store had acknowledged and that it now knows nothing of. */
  readonly missing: { readonly answers: number; readonly oldestAtMs: number } | null;
  readonly nowMs: number;
  /** So far back what is missing is taken for the last moments of a fail-over, which the journal makes good by itself. */
  readonly reachMs: number;
}

/**
 * `store-behind`: it lost more than the journal can or may make good. `journal-behind`: it was told of records that the journal does
 * not have. `journal-unknown`: others wrote to a store that only one process may write. The rest: it is not the one that was known.
 */
export const QUARANTINE_REASONS = [
  "store-behind",
  "journal-behind",
  "journal-unknown",
  "other-deployment",
  "other-incarnation",
  "other-server",
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** `sound`: the store that the node knew. `replay`: it lost its last moments, the journal has them. `quarantine`: nothing may be spent. */
export type StoreVerdict =
  | { readonly kind: "sound" }
  | { readonly kind: "replay" }
  | { readonly kind: "quarantine"; readonly because: readonly QuarantineReason[] };

/** Whether a store may be one that was put back from a backup, or a copy of one that is in use elsewhere. */
export function judgeStore(facts: StoreFacts): StoreVerdict {
  const because = QUARANTINE_REASONS.filter((reason) => CONTRADICTS[reason](facts));
  if (because.length > 0) return { kind: "quarantine", because };
  return facts.missing === null ? { kind: "sound" } : { kind: "replay" };
}

/** Whether a reason speaks of the store, so that no node may spend, or of this one node's relation to it. */
export function concernsAllNodes(reason: QuarantineReason): boolean {
  return reason === "store-behind" || reason === "other-server" || reason === "journal-unknown";
}

const CONTRADICTS: { readonly [Reason in QuarantineReason]: (facts: StoreFacts) => boolean } = {
  "store-behind": ({ remembered, toldPosition, journal, missing, nowMs, reachMs }) => {
    if (missing !== null && missing.oldestAtMs < nowMs - reachMs) return true;
    // What was forgotten had been acknowledged before: a store that was told less has lost some of it.
    return remembered !== null && (toldPosition ?? 0) + 1 < journal.firstPosition;
  },
  "journal-behind": ({ toldPosition, journal }) => toldPosition !== null && toldPosition > journal.lastPosition,
  "journal-unknown": ({ exclusive, toldPosition, otherNodes }) => exclusive && toldPosition === null && otherNodes > 0,
  "other-deployment": ({ remembered, store }) => remembered !== null && remembered.deployment !== store.deployment,
  "other-incarnation": ({ remembered, store }) =>
    remembered !== null && remembered.deployment === store.deployment && remembered.incarnation !== store.incarnation,
  "other-server": ({ remembered, store }) =>
    remembered !== null && remembered.server !== null && store.server !== null && remembered.server !== store.server,
};
