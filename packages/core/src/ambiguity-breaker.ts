import type { GrantId } from "./ids.ts";
import type { Outcome } from "./outcome.ts";
import type { Limits } from "./timing.ts";

/**
 * Guards all grants of one app against a provider that stops answering: after `ambiguityThreshold` answers were lost within
 * `ambiguityWindowMs` nothing new is started there but one canary at a time, so that few grants are at risk at once (I10).
 */
export type AmbiguityBreaker =
  | { readonly kind: "closed"; readonly ambiguousAtMs: readonly number[] }
  | { readonly kind: "open"; readonly probes: number; readonly nextProbeAtMs: number; readonly canary: GrantId | null };

export const CLOSED_BREAKER: AmbiguityBreaker = { kind: "closed", ambiguousAtMs: [] };

export type Admission =
  | { readonly kind: "go"; readonly breaker: AmbiguityBreaker }
  | { readonly kind: "wait"; readonly untilMs: number };

/** Whether this grant may be spent now; as the canary of an open breaker, if need be. */
export function admit(breaker: AmbiguityBreaker, ask: { grant: GrantId; nowMs: number }, limits: Limits): Admission {
  if (breaker.kind === "closed") return { kind: "go", breaker };
  if (breaker.canary !== null) return { kind: "wait", untilMs: ask.nowMs + limits.retryFirstMs };
  if (ask.nowMs < breaker.nextProbeAtMs) return { kind: "wait", untilMs: breaker.nextProbeAtMs };
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
