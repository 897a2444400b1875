import type { GrantEvent, Transition } from "./event.ts";
import { onFailure } from "./failure.ts";
import { type Attempt, type Chain, chainOf, type GrantState, isLeftToOriginal, type Renewal } from "./grant.ts";
import type { TokenVersionId } from "./ids.ts";
import { findToken, presented, presentedBefore, sentBefore } from "./presentation.ts";
import { laterUse, onRenewed, suspectedFor } from "./renewal.ts";
import type { Timing } from "./timing.ts";

/** The only function that makes a new grant state. */
export function transition(state: GrantState, event: GrantEvent, timing: Timing): Transition {
  switch (event.kind) {
    case "attempt-begun":
      return onBegun(state, event, timing);
    case "renewed":
      return onRenewed(state, event, timing);
    case "failed":
      return onFailure(state, event, timing);
    case "send-remembered":
      return onRemembered(state, event, timing);
    case "declared-lost":
      return onDeclaredLost(state, event.atMs, timing);
    case "warned":
      return onWarned(state, event);
    case "consented":
      return onConsented(state, event);
    case "ended":
      return {
        kind: "moved",
        state: { kind: "ended", reason: event.reason, sinceMs: event.atMs },
        audit: { event: "grant-ended", facts: { reason: event.reason, chain: chainOf(state)?.id ?? null } },
        notice: "ended",
        releases: false,
      };
    case "cloned":
      return onCloned(state, event.atMs);
  }
}

function onBegun(state: GrantState, event: Extract<GrantEvent, { kind: "attempt-begun" }>, timing: Timing): Transition {
  const chain = chainOf(state);
  if (chain === null) return { kind: "unmoved", because: "no-chain" };
  if (isLeftToOriginal(state)) return { kind: "unmoved", because: "stale" };
  const { attempt, node, token, because, atMs } = event;
  const begun: Chain = {
    ...chain,
    attempt: { id: attempt, node, token, because, startedAtMs: atMs, endedAtMs: null },
    usedAtMs: laterUse(chain.usedAtMs, event.usedAtMs),
    renewal: token === null ? chain.renewal : doubted(presented(chain.renewal, token, { atMs, timing }), token, timing),
  };
  const facts = { attempt, node, token, because, chain: chain.id, generation: chain.generation };
  return {
    kind: "moved",
    state: withChain(state, begun),
    audit: { event: "attempt-begun", facts },
    notice: null,
    releases: false,
  };
}

// Whoever comes late with the parent could end the grant once the head was used: the head is used again that much later.
function doubted(renewal: Renewal, token: TokenVersionId, timing: Timing): Renewal {
  if (renewal.kind === "client-credentials" || renewal.suspect === null) return renewal;
  return renewal.previous?.version === token ? suspectedFor(renewal, renewal.previous, timing) : renewal;
}

// I2 durable knowledge: an answer that is owed and forgotten is one that nobody asks for again. Counted as sent once more: too many
// sends only make a head suspect, too few let a grace pass.
function onRemembered(state: GrantState, event: RememberedEvent, timing: Timing): Transition {
  if (state.kind !== "live" && state.kind !== "in-court") return { kind: "unmoved", because: "stale" };
  const { chain } = state;
  const { attempt, node, expected, token, sentAtMs } = event;
  if (chain.id !== expected.chain) return { kind: "unmoved", because: "stale" };
  if (chain.attempt?.id === attempt) return { kind: "unmoved", because: "already-settled" };
  const remembered = chain.generation === expected.generation ? owing(chain, event) : suspecting(chain, event, timing);
  if (remembered === null) return { kind: "unmoved", because: "stale" };
  const facts = { attempt, node, token, chain: chain.id, generation: expected.generation, sentAtMs };
  return {
    kind: "moved",
    state: withChain(state, remembered),
    audit: { event: "send-remembered", facts },
    notice: null,
    releases: false,
  };
}

function owing(chain: Chain, { attempt, node, token, sentAtMs, endedAtMs }: RememberedEvent): Chain | null {
  if (findToken(chain, token) === undefined) return null;
  const owed: Attempt = { id: attempt, node, token, startedAtMs: sentAtMs, endedAtMs, because: "recovery" };
  return {
    ...chain,
    // Whoever is at work on it since then asks for the same answer.
    attempt: chain.attempt !== null && chain.attempt.startedAtMs > sentAtMs ? chain.attempt : owed,
    renewal: presentedBefore(chain.renewal, token, sentAtMs),
  };
}

// Another send of the same token has brought the head meanwhile: it is not the only one, so the head is not proven.
function suspecting(chain: Chain, { expected, token, sentAtMs }: RememberedEvent, timing: Timing): Chain | null {
  const { renewal } = chain;
  if (chain.generation !== expected.generation + 1 || renewal.kind === "client-credentials") return null;
  if (renewal.previous?.version !== token) return null;
  return { ...chain, renewal: suspectedFor(renewal, sentBefore(renewal.previous, sentAtMs), timing) };
}

type RememberedEvent = Extract<GrantEvent, { kind: "send-remembered" }>;

function onDeclaredLost(state: GrantState, atMs: number, timing: Timing): Transition {
  if (state.kind !== "in-court") return { kind: "unmoved", because: "stale" };
  const { chain } = state;
  const lapsed = timing.lapseAfterMs !== null && atMs - chain.renewedAtMs >= timing.lapseAfterMs;
  const reason = lapsed ? "lapsed" : "refused-by-provider";
  const facts = { reason, chain: chain.id, generation: chain.generation, satForMs: atMs - state.court.openedAtMs };
  const next: GrantState = {
    kind: "consent-needed",
    chain: { ...chain, attempt: null, trouble: null },
    reason,
    sinceMs: atMs,
  };
  return {
    kind: "moved",
    state: next,
    audit: { event: "declared-lost", facts },
    notice: "consent-needed",
    releases: false,
  };
}

function onWarned(state: GrantState, event: Extract<GrantEvent, { kind: "warned" }>): Transition {
  const chain = chainOf(state);
  if (chain === null || chain.warned === event.level) return { kind: "unmoved", because: "stale" };
  const facts = { level: event.level, chain: chain.id, idleForMs: event.atMs - chain.renewedAtMs };
  const warned = withChain(state, { ...chain, warned: event.level });
  return {
    kind: "moved",
    state: warned,
    audit: { event: "lapse-warned", facts },
    notice: "lapse-coming",
    releases: false,
  };
}

function onConsented(state: GrantState, event: Extract<GrantEvent, { kind: "consented" }>): Transition {
  const sealed = chainOf(state);
  if (sealed?.id === event.chain.id) return { kind: "unmoved", because: "already-settled" };
  const facts = { chain: event.chain.id, sealedChain: sealed?.id ?? null };
  return {
    kind: "moved",
    // I16 no cross-chain revival: nothing of the sealed chain goes along.
    state: { kind: "live", chain: event.chain },
    audit: { event: "consented", facts },
    // Whatever was told of the chain before it is over: a verdict, a lapse, a missing scope.
    notice: sealed === null ? null : "recovered",
    releases: false,
  };
}

// Told to nobody: the people who could consent were asked by the other one, whose grant lives on.
function onCloned(state: GrantState, atMs: number): Transition {
  const chain = chainOf(state);
  if (chain === null) return { kind: "unmoved", because: "no-chain" };
  if (chain.renewal.kind === "client-credentials") return { kind: "unmoved", because: "stale" };
  if (isLeftToOriginal(state)) return { kind: "unmoved", because: "already-settled" };
  return {
    kind: "moved",
    state: {
      kind: "consent-needed",
      chain: { ...chain, attempt: null, trouble: null },
      reason: "cloned",
      sinceMs: atMs,
    },
    audit: { event: "left-to-original", facts: { chain: chain.id, generation: chain.generation } },
    notice: null,
    releases: false,
  };
}

function withChain(state: GrantState, chain: Chain): GrantState {
  return "chain" in state ? { ...state, chain } : state;
}
