import type { ChainId, GrantId, Timing, TokenVersionId } from "@evergrant/core";
import type { EventKind, EventOf, HistoryEvent } from "../world/history.ts";
import type { Mode } from "../world/modes.ts";

export const INVARIANT_IDS = [
  "I1",
  "I2",
  "I3",
  "I4",
  "I5",
  "I6",
  "I7",
  "I8",
  "I9",
  "I10",
  "I11",
  "I12",
  "I13",
  "I14",
  "I15",
  "I16",
] as const;
export type InvariantId = (typeof INVARIANT_IDS)[number];

/** One invariant. It is fed a history event by event and says in words what is wrong, as soon as something is. */
export interface Checker<Kind extends EventKind = EventKind> {
  readonly id: InvariantId;
  readonly name: string;
  /** The kinds of events that it is fed with: all that its look can tell apart, so that none is missed. */
  readonly kinds: readonly Kind[];
  /** A fresh look at a fresh history: the same events and the same view give the same words. */
  watch(view: AuditorView): (event: EventOf<Kind>) => string | null;
}

/** A checker as the history feeds it. Its look knows no other kinds than it asks for: the compiler refuses them. */
export function checker<Kind extends EventKind>(parts: Checker<Kind>): Checker {
  // The history feeds it with nothing else.
  return parts as unknown as Checker;
}

export interface Violation {
  readonly invariant: InvariantId;
  readonly name: string;
  readonly atMs: number;
  readonly what: string;
}

/** What only somebody can know who sees all of it: the provider's ledger, every store and every disk. */
export interface AuditorView {
  readonly mode: Mode;
  readonly timing: Timing;
  readonly nodes: number;
  /** Every refresh token of this chain that the store or the journal of a node at work holds, and that the provider would accept now. */
  acceptedTokens(grant: GrantId, chain: ChainId): readonly string[];
  /** Whether something that we hold, or that is on its way to a living process, would be accepted now. */
  holdsAcceptedToken(grant: GrantId): boolean;
  /** Why this grant's death is nobody's fault: the policy of its provider, or nobody could have repaired it in time. Null: no excuse. */
  excuseFor(grant: GrantId): string | null;
  /** Whether, between these instants, somebody could have repaired something for this long without a break. */
  wasGood(fromMs: number, untilMs: number, forMs: number): boolean;
  /** Consented to, and not taken back by its person. */
  isWanted(grant: GrantId): boolean;
  grants(): readonly GrantId[];
  accessFacts(accessToken: string): { readonly person: string | null; readonly expiresAtMs: number } | undefined;
  /** The chain that a stored token belongs to. */
  chainOf(version: TokenVersionId): ChainId | undefined;
  parentOf(version: TokenVersionId): TokenVersionId | null;
  versionOf(
    refreshToken: string,
  ): { readonly grant: GrantId; readonly chain: ChainId; readonly version: TokenVersionId } | undefined;
  /** Whether the answer with this access token lies in the store or in a journal. */
  isDurable(accessToken: string): boolean;
  /** The audit chain's first record that does not fit, or null; set when the history has ended. */
  brokenAuditRecord(): number | null;
  /** Secrets of the provider found in the clear in store, notices or audit records; set when the history has ended. */
  leaks(): readonly string[];
}

/** What a checker says of a whole history. */
export function violations(
  checker: Checker,
  history: readonly HistoryEvent[],
  view: AuditorView,
): readonly Violation[] {
  const look = checker.watch(view);
  return history.flatMap((event) => {
    const what = checker.kinds.includes(event.kind) ? look(event) : null;
    return what === null ? [] : [{ invariant: checker.id, name: checker.name, atMs: event.atMs, what }];
  });
}
