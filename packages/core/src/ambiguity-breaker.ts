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

export type Admission =
  | { readonly kind: "go"; readonly breaker: AmbiguityBreaker }
  | { readonly kind: "wait"; readonly untilMs: number };

/**
 * Whether this grant may be spent now; as the canary of an open breaker, if need be. A grant whose answer is lost already goes first:
 * it has nothing more to lose, while each sound canary would be one more at risk for as long as the provider is silent.
 */
export function admit(
  breaker: AmbiguityBreaker,
  ask: { grant: GrantId; because: SpendReason; nowMs: number },
  limits: Limits,
): Admission {
  if (breaker.kind === "closed") return { kind: "go", breaker };
  const soonMs = ask.nowMs + limits.retryFirstMs;
  if (breaker.canary !== null) return { kind: "wait", untilMs: soonMs };
  const fromMs = ask.because === "recovery" ? breaker.nextProbeAtMs : breaker.nextProbeAtMs + limits.retryMaxMs;
  // Looked at again before its own turn: the canary of another may have brought the provider's answer by then.
  if (ask.nowMs < fromMs) return { kind: "wait", untilMs: Math.min(fromMs, Math.max(soonMs, breaker.nextProbeAtMs)) };
  return { kind: "go", breaker: { ...breaker, canary: ask.grant } };
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
