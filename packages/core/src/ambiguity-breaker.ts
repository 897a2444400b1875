import type { SpendReason } from "./grant.ts";
import type { GrantId } from "./ids.ts";
import type { Outcome } from "./outcome.ts";
import type { Limits } from "./timing.ts";

/**
 * I10 blast radius: guards all grants of one app against a provider that stops answering: after `ambiguityThreshold` answers were lost within
 * `ambiguityWindowMs` nothing new is started there but one canary at a time, so that few grants are at risk at once.
 */
export type AmbiguityBreaker =
  | { readonly kind: "closed"; readonly ambiguousAtMs: readonly number[] }
  | { readonly kind: "open"; readonly probes: number; readonly nextProbeAtMs: number; readonly canary: GrantId | null };

export const CLOSED_BREAKER: AmbiguityBreaker = { kind: "closed", ambiguousAtMs: [] };

/** Grants whose last answer got lost, each with the instant until which it counts: by then somebody has asked for it again. */
export type Owed = ReadonlyMap<GrantId, number>;

export type Admission =
  | { readonly kind: "go"; readonly breaker: AmbiguityBreaker }
  | { readonly kind: "wait"; readonly untilMs: number };

/**
 * Whether this grant may be spent now; as the canary of an open breaker, if need be. A grant whose answer is lost already goes at its
 * own pace: it has nothing more to lose but the time in which it can be asked for, while each sound canary would be one more at risk
 * for as long as the provider is silent.
 */
export function admit(
  breaker: AmbiguityBreaker,
  ask: { grant: GrantId; because: SpendReason; nowMs: number; owed: Owed; inFlight: number },
  limits: Limits,
): Admission {
  const soonMs = ask.nowMs + limits.retryFirstMs;
  const isFull = !hasRoom(ask, limits);
  const isHeld = breaker.kind === "open" || isFull;
  if (!isHeld) return { kind: "go", breaker };
  if (breaker.kind === "closed" || isFull) return { kind: "wait", untilMs: soonMs };
  if (ask.because === "recovery") {
    const isCanary = breaker.canary === null && ask.nowMs >= breaker.nextProbeAtMs;
    return { kind: "go", breaker: isCanary ? { ...breaker, canary: ask.grant } : breaker };
  }
  if (breaker.canary !== null) return { kind: "wait", untilMs: soonMs };
  const fromMs = breaker.nextProbeAtMs + limits.retryMaxMs;
  // Looked at again before its own turn: the canary of another may have brought the provider's answer by then.
  if (ask.nowMs < fromMs) return { kind: "wait", untilMs: Math.min(fromMs, Math.max(soonMs, breaker.nextProbeAtMs)) };
  return { kind: "go", breaker: { ...breaker, canary: ask.grant } };
}

// A provider that loses some answers and gives others never opens the breaker for long: what is at risk at once is bounded all the same.
function hasRoom(ask: { grant: GrantId; nowMs: number; owed: Owed; inFlight: number }, limits: Limits): boolean {
  if (ask.owed.has(ask.grant)) return true;
  const owed = [...ask.owed.values()].filter((untilMs) => untilMs > ask.nowMs).length;
  return owed + ask.inFlight < limits.ambiguityThreshold + limits.inFlightMax;
}

/** Whose answer is owed after an attempt's end. One that did nothing, as while the app is locked out, leaves owed what was owed. */
export function noteOwed(
  owed: Owed,
  end: { grant: GrantId; outcome: Outcome["kind"]; nowMs: number },
  limits: Limits,
): Owed {
  const others = () => [...owed].filter(([grant, untilMs]) => grant !== end.grant && untilMs > end.nowMs);
  const isOwed = end.outcome === "ambiguous" || (leavesOpen(end.outcome) && owed.has(end.grant));
  if (isOwed) return new Map([...others(), [end.grant, end.nowMs + 2 * (limits.leaseMs + limits.retryMaxMs)]]);
  return owed.has(end.grant) ? new Map(others()) : owed;
}

function leavesOpen(outcome: Outcome["kind"]): boolean {
  return outcome === "not-executed" || outcome === "app-error";
}

/** What an attempt's end says about the provider. */
export function noteOutcome(
  breaker: AmbiguityBreaker,
  end: { grant: GrantId; outcome: Outcome["kind"]; nowMs: number },
  limits: Limits,
): AmbiguityBreaker {
  switch (end.outcome) {
    case "success":
    case "rejected":
    case "inactive":
    case "app-error":
      return CLOSED_BREAKER;
    case "not-executed":
      return breaker.kind === "open" && breaker.canary === end.grant
        ? probedInVain(breaker, end.nowMs, limits)
        : breaker;
    case "ambiguous":
      return breaker.kind === "open"
        ? breaker.canary === end.grant
          ? probedInVain(breaker, end.nowMs, limits)
          : breaker
        : counted(breaker, end.nowMs, limits);
  }
}

function counted(
  breaker: Extract<AmbiguityBreaker, { kind: "closed" }>,
  nowMs: number,
  limits: Limits,
): AmbiguityBreaker {
  const ambiguousAtMs = [...breaker.ambiguousAtMs.filter((atMs) => atMs > nowMs - limits.ambiguityWindowMs), nowMs];
  if (ambiguousAtMs.length < limits.ambiguityThreshold) return { kind: "closed", ambiguousAtMs };
  return { kind: "open", probes: 0, nextProbeAtMs: nowMs + limits.retryFirstMs, canary: null };
}

function probedInVain(
  breaker: Extract<AmbiguityBreaker, { kind: "open" }>,
  nowMs: number,
  limits: Limits,
): AmbiguityBreaker {
  const pauseMs = Math.min(limits.retryFirstMs * 2 ** breaker.probes, limits.retryMaxMs);
  return { kind: "open", probes: breaker.probes + 1, nextProbeAtMs: nowMs + pauseMs, canary: null };
}
