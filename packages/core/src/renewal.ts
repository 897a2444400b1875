import type { Renewed, Transition } from "./event.ts";
import {
  type Attempt,
  type Chain,
  type GrantState,
  isLeftToOriginal,
  newToken,
  type RefreshRenewal,
  type Renewal,
  type SpendableToken,
  type Suspect,
} from "./grant.ts";
import type { TokenVersionId } from "./ids.ts";
import { findToken, isHeardOut, sentBefore } from "./presentation.ts";
import type { Timing } from "./timing.ts";

type RenewedEvent = Renewed & { readonly atMs: number };

/**
 * Tokens came back. Where the grant is still what the attempt was computed from they become its head (compare-and-set on
 * chain and generation); where it has moved on they are kept as a candidate of the same chain, never dropped, never taken across.
 */
export function onRenewed(state: GrantState, event: RenewedEvent, timing: Timing): Transition {
  if (state.kind === "unconsented" || state.kind === "ended") return sealedLate(state, event);
  // A copy keeps its hands off the chain, whatever its journal still brings.
  if (isLeftToOriginal(state)) return sealedLate(state, event);
  const { chain } = state;
  if (isKnown(chain, event.version)) return { kind: "unmoved", because: "already-settled" };
  // I16 no cross-chain revival: a late answer of a sealed chain never enters the new one.
  if (chain.id !== event.expected.chain) return sealedLate(state, event);
  // I3 monotone head: whoever computed from an older generation never becomes the head.
  if (chain.generation !== event.expected.generation) return keepCandidate(state, event, timing);
  const next = settled(chain, event, timing);
  const facts = {
    attempt: event.attempt,
    chain: chain.id,
    generation: next.generation,
    rotated: event.rotated,
    suspect: isSuspect(next),
    expiresAtMs: event.access.expiresAtMs,
  };
  const notice = wasTold(state) ? "recovered" : null;
  return {
    kind: "moved",
    state: { kind: "live", chain: next },
    audit: { event: "renewed", facts },
    notice,
    releases: isOursToRelease(chain, event),
  };
}

/** Whether somebody may have been told of something that these tokens put right. */
function wasTold({ kind, chain }: Chained): boolean {
  return kind === "consent-needed" || chain.trouble?.kind === "app-error" || chain.warned !== null;
}

function settled(chain: Chain, event: RenewedEvent, timing: Timing): Chain {
  return {
    ...chain,
    // I3 monotone head: with each head, and by nothing else, the generation grows.
    generation: chain.generation + 1,
    renewal: rotated(chain, event, timing),
    access: { version: event.version, receivedAtMs: event.atMs, ...event.access },
    attempt: stillOwed(chain, event, timing),
    trouble: null,
    renewedAtMs: event.atMs,
    usedAtMs: laterUse(chain.usedAtMs, event.usedAtMs),
    jitter: event.jitter,
    warned: null,
  };
}

// I2 durable knowledge: whatever asked later for the same may be carried out last, and then its answer is the one that lives.
function stillOwed({ attempt }: Chain, event: RenewedEvent, { repeat }: Timing): Attempt | null {
  const mayLive = repeat.kind === "for" && event.rotated && event.spent !== null;
  if (!mayLive || attempt === null || attempt.id === event.attempt) return null;
  return attempt.token === event.spent && attempt.startedAtMs > event.sentAtMs ? attempt : null;
}

/** Each node knows of its own callers only: what another has noted stays. */
export function laterUse(notedMs: number | null, seenMs: number | null): number | null {
  return notedMs === null || seenMs === null ? (notedMs ?? seenMs) : Math.max(notedMs, seenMs);
}

function rotated(chain: Chain, event: RenewedEvent, timing: Timing): Renewal {
  if (chain.renewal.kind === "client-credentials" || event.spent === null) return chain.renewal;
  const spent = countedSpent(chain, chain.renewal, event);
  if (!event.rotated)
    return {
      ...chain.renewal,
      head: { ...spent, sends: 0, firstSentAtMs: null, lastSentAtMs: null, refusedAtMs: null, refusals: 0 },
      suspect: null,
    };
  const clean = spent.sends <= 1;
  return {
    kind: "refresh-token",
    head: newToken(event.version, event.atMs),
    // I2 durable knowledge: the spent token stays, it may still be repeated. What it was refused before it was taken is refuted.
    previous: { ...spent, refusedAtMs: null, refusals: 0 },
    // A head that was rotated by its only send is proven: what stood beside it is history, and the last thing to ask.
    candidates: (clean ? unspent(chain.renewal) : leftOver(chain.renewal, spent)).slice(-CANDIDATES_KEPT),
    suspect: clean || timing.repeat.kind === "always" ? null : suspicion(spent, event.atMs),
  };
}

/** Of those that a proven head has left behind the newest stay: some providers keep each of them alive. */
const CANDIDATES_KEPT = 8;

// A store that went back in time and forgot the very send that brought this: it is counted after all.
function countedSpent(chain: Chain, renewal: RefreshRenewal, event: RenewedEvent): SpendableToken {
  const spent = findToken(chain, event.spent ?? renewal.head.version) ?? renewal.head;
  const { firstSentAtMs, lastSentAtMs } = spent;
  // One that is younger than the last that is known of is another than that.
  const isCounted =
    firstSentAtMs !== null &&
    lastSentAtMs !== null &&
    firstSentAtMs <= event.sentAtMs &&
    event.sentAtMs <= lastSentAtMs;
  return isCounted || chain.attempt?.id === event.attempt ? spent : sentBefore(spent, event.sentAtMs);
}

function unspent(renewal: RefreshRenewal): readonly SpendableToken[] {
  return renewal.candidates.filter((token) => token.sends === 0 && !isHeardOut(token));
}

function leftOver(renewal: RefreshRenewal, spent: SpendableToken): readonly SpendableToken[] {
  return [...renewal.candidates, renewal.head].filter((token) => token.version !== spent.version && !isHeardOut(token));
}

/** The renewal whose head came from one of several sends of its parent: should another of them be carried out last, the head is dead. */
export function suspectedFor(renewal: RefreshRenewal, parent: SpendableToken, timing: Timing): RefreshRenewal {
  const suspect = timing.repeat.kind === "always" ? null : suspicion(parent, renewal.head.receivedAtMs);
  return { ...renewal, previous: parent, suspect };
}

function suspicion(parent: SpendableToken, atMs: number): Suspect {
  return { parentFirstSentAtMs: parent.firstSentAtMs ?? atMs, parentLastSentAtMs: parent.lastSentAtMs ?? atMs };
}

type Chained = Exclude<GrantState, { kind: "unconsented" } | { kind: "ended" }>;

function keepCandidate(state: Chained, event: RenewedEvent, timing: Timing): Transition {
  const { chain } = state;
  if (chain.renewal.kind === "client-credentials" || !event.rotated) return { kind: "unmoved", because: "stale" };
  const parent = chain.renewal.previous ?? chain.renewal.head;
  const renewal: Renewal = {
    ...chain.renewal,
    // I2 durable knowledge: what came too late for the head may be the one that lives.
    candidates: [...chain.renewal.candidates, newToken(event.version, event.atMs)],
    suspect: chain.renewal.suspect ?? suspicion(parent, event.atMs),
  };
  const attempt = chain.attempt?.id === event.attempt ? null : chain.attempt;
  const facts = { attempt: event.attempt, chain: chain.id, generation: chain.generation, version: event.version };
  return {
    kind: "moved",
    state: reopened(
      state,
      { ...chain, renewal, attempt },
      { atMs: event.atMs, confirmations: timing.limits.courtConfirmations },
    ),
    audit: { event: "late-token-kept", facts },
    notice: null,
    releases: isOursToRelease(chain, event),
  };
}

// I1 no false death: a verdict without this token was no verdict; the court sits again, and hears the newcomer at once.
function reopened(state: Chained, chain: Chain, sitting: { atMs: number; confirmations: number }): GrantState {
  if (state.kind !== "consent-needed") return { ...state, chain };
  const { atMs, confirmations } = sitting;
  return { kind: "in-court", chain, court: { openedAtMs: atMs, confirmations, lastTryAtMs: atMs } };
}

function sealedLate(state: GrantState, event: RenewedEvent): Transition {
  // I6 never discard: its row is written all the same; no chain names it.
  const facts = { attempt: event.attempt, chain: event.expected.chain, version: event.version };
  return { kind: "moved", state, audit: { event: "late-token-sealed", facts }, notice: null, releases: true };
}

// I4 single spender: where a store has forgotten an attempt, its fence is another's by now.
function isOursToRelease(chain: Chain, event: RenewedEvent): boolean {
  return chain.attempt === null || chain.attempt.id === event.attempt;
}

function isKnown(chain: Chain, version: TokenVersionId): boolean {
  return chain.access?.version === version || findToken(chain, version) !== undefined;
}

function isSuspect(chain: Chain): boolean {
  return chain.renewal.kind === "refresh-token" && chain.renewal.suspect !== null;
}
