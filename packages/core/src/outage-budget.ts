import type { OutageEvent, OutageNumbers, OutagePromise, Span } from "./outage-promise.ts";
import { OUTAGE_EVENTS } from "./outage-promise.ts";
import { outageSentence } from "./outage-sentence.ts";
import { spendsNothing } from "./rotation.ts";
import { standBackStepMs, standsBackAtMostMs } from "./silence.ts";
import type { Timing } from "./timing.ts";

/** The outage budget: one promise per event, in the order of `OUTAGE_EVENTS`, computed from the durations that the keeper acts by. */
export function outageBudget(timing: Timing): readonly OutagePromise[] {
  const spans = spansOf(timing);
  return OUTAGE_EVENTS.map((event) => {
    const numbers = { ...NOTHING, ...NUMBERS[event](timing, spans) };
    return { event, ...numbers, sentence: outageSentence(event, numbers, timing) };
  });
}

const NOTHING: OutageNumbers = {
  safeForMs: null,
  atRisk: null,
  othersForMs: null,
  takenOverWithinMs: null,
  servedForMs: null,
};

/** What every promise is made of. */
interface Spans {
  /** Counted from its intent, an attempt whose answer nobody has may be repeated for this long. */
  readonly repeatMs: Span;
  /** Counted from the end of its process: the lease of a dead attempt has to run out before its repeat. */
  readonly backMs: Span;
  /** Nothing is refreshed: the grant that was due next lives for this long. */
  readonly idleMs: Span;
  readonly atRisk: number;
  readonly served: { readonly fromMs: number; readonly toMs: number };
}

function spansOf(timing: Timing): Spans {
  const { policy, limits, spendWindowMs, lapseAfterMs, keepaliveMs } = timing;
  const idleMs = lapseAfterMs === null ? null : promised(lapseAfterMs - keepaliveMs - limits.leaseMs);
  return {
    repeatMs: repeatSpan(timing),
    backMs: timing.repeat.kind === "always" ? "unlimited" : promised((spendWindowMs ?? 0) - limits.leaseMs),
    idleMs: policy.idleLifeMs === "unlimited" ? "unlimited" : idleMs,
    atRisk: limits.ambiguityThreshold + limits.inFlightMax,
    served: { fromMs: timing.minTtlCapMs, toMs: Math.max(0, policy.accessLifeMs - limits.clockSkewMs) },
  };
}

// The first repeat comes when the lease of the attempt has run out: a window that closes before is none.
function repeatSpan({ repeat, spendWindowMs, limits }: Timing): Span {
  if (repeat.kind === "always") return "unlimited";
  return spendWindowMs !== null && spendWindowMs >= limits.leaseMs ? spendWindowMs : null;
}

const NUMBERS: { readonly [Event in OutageEvent]: (timing: Timing, spans: Spans) => Partial<OutageNumbers> } = {
  "answer-lost": (_timing, { repeatMs }) => ({ safeForMs: repeatMs, atRisk: 1, othersForMs: "unlimited" }),
  "process-killed": (_timing, { backMs, idleMs, atRisk }) => ({
    safeForMs: untilIdle(backMs, idleMs),
    atRisk,
    othersForMs: idleMs,
  }),
  "process-paused": (timing, spans) => ({
    safeForMs: pauseSpan(timing, spans),
    atRisk: timing.limits.inFlightMax,
    othersForMs: "unlimited",
  }),
  "node-lost": nodeLost,
  "node-cut-off": nodeCutOff,
  "machine-lost": (timing, { idleMs }) => ({ safeForMs: spendsNothing(timing.policy.rotation) ? idleMs : null }),
  "store-away": (_timing, { idleMs, served }) => ({ safeForMs: idleMs, othersForMs: idleMs, servedForMs: served }),
  "synchronous-fail-over": () => ({ safeForMs: "unlimited", atRisk: 0, othersForMs: "unlimited" }),
  "asynchronous-fail-over": asynchronousFailOver,
  "provider-away": (timing, { idleMs, atRisk, served }) => ({
    safeForMs: untilIdle(silenceSpan(timing), idleMs),
    atRisk,
    othersForMs: idleMs,
    servedForMs: served,
  }),
  "everything-away": (_timing, { backMs, idleMs, atRisk }) => ({
    safeForMs: untilIdle(backMs, idleMs),
    atRisk,
    othersForMs: idleMs,
  }),
};

// Another node looks every margin for what is due, and a dead attempt is due when its lease ends.
function nodeLost({ limits, policy, spendWindowMs, repeat }: Timing, { atRisk }: Spans): Partial<OutageNumbers> {
  const takenOverWithinMs = limits.leaseMs + limits.marginMs;
  const inTime = repeat.kind === "always" || (spendWindowMs !== null && spendWindowMs >= takenOverWithinMs);
  // A caller may have used the new access token, and so closed the window, before the store had what came with it.
  const isKept = inTime && policy.rotation.kind !== "confirm-on-use";
  return { safeForMs: isKept ? "unlimited" : null, atRisk, othersForMs: "unlimited", takenOverWithinMs };
}

// It stands back as far as clocks may differ: what it owes is asked for by another when its lease ends.
function nodeCutOff({ limits, spendWindowMs, repeat }: Timing, { atRisk }: Spans): Partial<OutageNumbers> {
  const takenOverWithinMs = limits.leaseMs + standBackStepMs(limits);
  const inTime = repeat.kind === "always" || (spendWindowMs !== null && spendWindowMs >= takenOverWithinMs);
  return { safeForMs: inTime ? "unlimited" : null, atRisk, othersForMs: "unlimited", takenOverWithinMs };
}

// A pause before the last look at the lease is noticed. One after it is harmless while the request still ends within its lease, and
// a longer one while the late duplicate comes before the doubtful head is confirmed.
function pauseSpan(timing: Timing, { backMs }: Spans): Span {
  const { limits, confirm } = timing;
  if (spendsNothing(timing.policy.rotation)) return "unlimited";
  const longestMs = confirm === null ? limits.marginMs : Math.max(limits.marginMs, limits.pauseToleratedMs);
  return shorter(backMs, longestMs);
}

// What the standby forgot is presented again by nodes that do not know better: harmless only inside the grace.
function asynchronousFailOver(timing: Timing, { backMs }: Spans): Partial<OutageNumbers> {
  if (spendsNothing(timing.policy.rotation)) return { safeForMs: "unlimited", atRisk: 0, othersForMs: "unlimited" };
  if (timing.repeat.kind !== "for") return {};
  return { safeForMs: shorter(backMs, timing.limits.journalReconcileMs) };
}

// The provider is back, and the slowest repeat is one lease, one longest back-off and one request away, and left to the others first.
function silenceSpan({ repeat, spendWindowMs, limits }: Timing): Span {
  if (repeat.kind === "always") return "unlimited";
  const { leaseMs, retryMaxMs, requestTimeoutMs, marginMs } = limits;
  const slowestMs = leaseMs + Math.max(leaseMs, retryMaxMs) + standsBackAtMostMs(limits) + requestTimeoutMs + marginMs;
  return promised((spendWindowMs ?? 0) - slowestMs);
}

function promised(ms: number): Span {
  return ms > 0 ? ms : null;
}

// Where nobody knows how long unused grants live, an absence that is short anyway is still no longer than the schedule's own.
function untilIdle(span: Span, idleMs: Span): Span {
  return idleMs === null && typeof span === "number" ? span : shorter(span, idleMs);
}

function shorter(a: Span, b: Span): Span {
  if (a === null || b === null) return null;
  if (a === "unlimited") return b;
  return b === "unlimited" ? a : Math.min(a, b);
}
