import type { Failed, NoticeKind, Transition } from "./event.ts";
import type { Chain, Court, GrantState, Trouble } from "./grant.ts";
import type { TokenVersionId } from "./ids.ts";
import { findToken, refused, takenBack } from "./presentation.ts";
import type { Timing } from "./timing.ts";

type FailedEvent = Failed & { readonly atMs: number };
type Held = Extract<GrantState, { chain: Chain }>;

/**
 * I9 isolation of error classes: an attempt brought no tokens. Only a refusal opens a court (or, for a Custom Connection, says that nobody authorised it);
 * whatever is the app's, the network's or our own never touches the grant's health.
 */
export function onFailure(state: GrantState, event: FailedEvent, timing: Timing): Transition {
  if (!("chain" in state)) return { kind: "unmoved", because: "no-chain" };
  const { chain } = state;
  // Told again because the store's word was lost: a send that is taken back twice would forget the one before it.
  const isToldAlready = (chain.attempt?.endedAtMs ?? null) !== null;
  const isOurs = !isToldAlready && chain.attempt?.id === event.attempt && chain.id === event.expected.chain;
  if (!isOurs) return { kind: "unmoved", because: "stale" };
  if (chain.generation === event.expected.generation + 1) return onOvertaken(state, event);
  if (chain.generation !== event.expected.generation) return { kind: "unmoved", because: "stale" };
  switch (event.outcome.kind) {
    case "rejected":
      return chain.attempt?.token
        ? onRejected(state, chain.attempt.token, event)
        : onTrouble(state, { ...event, detail: event.outcome.error, trouble: "app-error" }, timing);
    case "inactive":
      return chain.renewal.kind === "client-credentials"
        ? onInactive(state, event, timing)
        : onTrouble(state, { ...event, detail: event.outcome.error, trouble: "app-error" }, timing);
    case "app-error":
      return onTrouble(state, { ...event, detail: event.outcome.error, trouble: "app-error" }, timing);
    case "not-executed":
      return onTrouble(state, { ...event, detail: event.outcome.reason, trouble: "unreachable" }, timing);
    case "ambiguous":
      return onTrouble(state, { ...event, detail: event.outcome.reason, trouble: "ambiguous" }, timing);
  }
}

// Another answer to the same token has brought the head meanwhile: a refusal says nothing about that one.
function onOvertaken(state: Held, { attempt, outcome, atMs }: FailedEvent): Transition {
  const { chain } = state;
  const isOwed = outcome.kind === "ambiguous" && chain.attempt !== null;
  const kept = isOwed ? { ...chain.attempt, endedAtMs: atMs } : null;
  const facts = { attempt, chain: chain.id, generation: chain.generation, class: outcome.kind };
  return {
    kind: "moved",
    state: { ...state, chain: { ...chain, attempt: kept } },
    audit: { event: "attempt-overtaken", facts },
    notice: null,
    releases: !isOwed,
  };
}

function onRejected(state: Held, token: TokenVersionId, event: FailedEvent): Transition {
  const { chain } = state;
  const isHead = chain.renewal.kind === "refresh-token" && chain.renewal.head.version === token;
  const heard: Chain = { ...chain, attempt: null, trouble: null, renewal: refused(chain.renewal, token, event.atMs) };
  const court: Court =
    state.kind === "in-court"
      ? { ...state.court, confirmations: state.court.confirmations + (isHead ? 1 : 0), lastTryAtMs: event.atMs }
      : { openedAtMs: event.atMs, confirmations: 0, lastTryAtMs: event.atMs };
  const facts = {
    attempt: event.attempt,
    chain: chain.id,
    generation: chain.generation,
    token,
    head: isHead,
    confirmations: court.confirmations,
  };
  return {
    kind: "moved",
    state: { kind: "in-court", chain: heard, court },
    audit: { event: "refused", facts },
    notice: null,
    releases: true,
  };
}

/** An approval is found out within about this part of the time that it was waited for, and within the health interval. */
const POLLS_OF_THE_WAIT = 24;

function onInactive(state: Held, event: FailedEvent, timing: Timing): Transition {
  const { chain } = state;
  const trouble = troubled(
    chain,
    { atMs: event.atMs, kind: "app-error", detail: "not authorised", retryAfterMs: null, owedSinceMs: null },
    timing,
  );
  const known = state.kind === "consent-needed";
  const sinceMs = known ? state.sinceMs : event.atMs;
  // Whoever has not approved for days will hardly do so within the next five minutes.
  const rareMs = Math.min((event.atMs - sinceMs) / POLLS_OF_THE_WAIT, timing.limits.healthIntervalMs);
  const retryAtMs = Math.max(trouble.retryAtMs, event.atMs + Math.floor(rareMs));
  const next: GrantState = {
    kind: "consent-needed",
    reason: "not-authorised",
    sinceMs,
    chain: { ...chain, attempt: null, trouble: { ...trouble, retryAtMs } },
  };
  const facts = { attempt: event.attempt, chain: chain.id, retryAtMs };
  return {
    kind: "moved",
    state: next,
    audit: { event: "not-authorised", facts },
    notice: known ? null : "consent-needed",
    releases: true,
  };
}

function onTrouble(
  state: Held,
  event: FailedEvent & { detail: string; trouble: Trouble["kind"] },
  timing: Timing,
): Transition {
  const { chain } = state;
  const { outcome } = event;
  const unresolved = outcome.kind === "ambiguous";
  const retryAfterMs = outcome.kind === "not-executed" ? outcome.retryAfterMs : null;
  const spent = chain.attempt?.token ?? null;
  const renewal = unresolved || spent === null ? chain.renewal : takenBack(chain.renewal, spent);
  const next: Chain = { ...chain, renewal, attempt: null };
  // I2 durable knowledge: a repeat that did nothing says nothing about the send before it; that one is still owed its answer.
  const owed = unresolved || (spent !== null && (findToken(next, spent)?.sends ?? 0) > 0);
  const owedSinceMs = owed && spent !== null ? (findToken(next, spent)?.firstSentAtMs ?? null) : null;
  const { atMs, detail } = event;
  const trouble = troubled(chain, { atMs, kind: event.trouble, detail, retryAfterMs, owedSinceMs }, timing);
  const told = chain.attempt === null ? null : { ...chain.attempt, endedAtMs: atMs };
  const kept: Chain = { ...next, trouble, attempt: owed ? told : null };
  const facts = {
    attempt: event.attempt,
    chain: chain.id,
    generation: chain.generation,
    class: outcome.kind,
    detail: event.detail,
    failures: trouble.failures,
    retryAtMs: trouble.retryAtMs,
  };
  const notice: NoticeKind | null =
    trouble.kind === "app-error" && chain.trouble?.kind !== "app-error" ? "app-broken" : null;
  return {
    kind: "moved",
    state: { ...state, chain: kept },
    audit: { event: "attempt-failed", facts },
    notice,
    releases: !unresolved,
  };
}

interface TroubleNow {
  readonly atMs: number;
  readonly kind: Trouble["kind"];
  readonly detail: string;
  readonly retryAfterMs: number | null;
  /** When the token was first presented whose answer is still owed; null where none is. */
  readonly owedSinceMs: number | null;
}

function troubled(chain: Chain, failure: TroubleNow, timing: Timing): Trouble {
  const failures = (chain.trouble?.failures ?? 0) + 1;
  // Retry-After is obeyed up to an hour or so; a provider cannot put a grant to sleep for a year.
  const notBeforeMs = failure.atMs + Math.min(failure.retryAfterMs ?? 0, timing.limits.healthIntervalMs);
  const backOffMs = Math.min(
    timing.limits.retryFirstMs * 2 ** (failures - 1),
    timing.limits.retryMaxMs,
    deadlineShareMs(failure, timing),
  );
  return {
    kind: failure.kind,
    detail: failure.detail,
    sinceMs: chain.trouble?.sinceMs ?? failure.atMs,
    lastAtMs: failure.atMs,
    failures,
    retryAtMs: Math.max(failure.atMs + backOffMs, notBeforeMs),
    notBeforeMs,
  };
}

/** Of what is left of the window in which an owed answer can be asked for, at most this part passes until the next try. */
const TRIES_BEFORE_DEADLINE = 12;

// I8 bounded ambiguity: an answer that is owed has a deadline, which a provider that is busy for long must not outlast by pauses alone.
function deadlineShareMs({ atMs, owedSinceMs }: TroubleNow, { spendWindowMs, limits }: Timing): number {
  if (owedSinceMs === null || spendWindowMs === null) return Number.POSITIVE_INFINITY;
  const leftMs = owedSinceMs + spendWindowMs - atMs;
  return leftMs <= 0
    ? Number.POSITIVE_INFINITY
    : Math.max(limits.retryFirstMs, Math.floor(leftMs / TRIES_BEFORE_DEADLINE));
}
