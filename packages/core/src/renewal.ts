import type { Renewed, Transition } from "./event.ts";
import {
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
import { findToken } from "./presentation.ts";
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
  const notice = state.kind === "consent-needed" ? "recovered" : null;
  return {
    kind: "moved",
    state: { kind: "live", chain: next },
    audit: { event: "renewed", facts },
    notice,
    releases: true,
  };
}

function settled(chain: Chain, event: RenewedEvent, timing: Timing): Chain {
  return {
    ...chain,
    // I3 monotone head: with each head, and by nothing else, the generation grows.
    generation: chain.generation + 1,
    renewal: rotated(chain, event, timing),
    access: { version: event.version, receivedAtMs: event.atMs, ...event.access },
    attempt: null,
    trouble: null,
    renewedAtMs: event.atMs,
    usedAtMs: event.usedAtMs ?? chain.usedAtMs,
    jitter: event.jitter,
    warned: null,
  };
}

function rotated(chain: Chain, event: RenewedEvent, timing: Timing): Renewal {
  if (chain.renewal.kind === "client-credentials" || event.spent === null) return chain.renewal;
  const spent = findToken(chain, event.spent) ?? chain.renewal.head;
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
    // I2 durable knowledge: the spent token stays, it may still be repeated.
    previous: spent,
    // A head that was rotated by its only send is proven: what stood beside it is history.
    candidates: clean ? [] : leftOver(chain.renewal, spent),
    suspect: clean || timing.repeat.kind === "always" ? null : suspicion(spent, event.atMs),
  };
}

function leftOver(renewal: RefreshRenewal, spent: SpendableToken): readonly SpendableToken[] {
  return [...renewal.candidates, renewal.head].filter(
    (token) => token.version !== spent.version && token.refusedAtMs === null,
  );
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
    releases: true,
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

function isKnown(chain: Chain, version: TokenVersionId): boolean {
  return chain.access?.version === version || findToken(chain, version) !== undefined;
}

function isSuspect(chain: Chain): boolean {
  return chain.renewal.kind === "refresh-token" && chain.renewal.suspect !== null;
}
