import type { AccessFacts } from "./grant.ts";
import type { Timing } from "./timing.ts";

/**
 * What may be done with an access token now.
 * `fresh`: hand out. `stale`: hand out and refresh behind. `short`: valid, but for less than was wished. `expired`: wait for a new one.
 */
export type Freshness = "fresh" | "stale" | "short" | "expired";

export function freshness(
  access: AccessFacts | null,
  ask: { nowMs: number; minTtlMs: number },
  timing: Timing,
): Freshness {
  if (access === null || remainingMs(access, ask.nowMs, timing) <= 0) return "expired";
  const wishedMs = Math.min(ask.minTtlMs, timing.minTtlCapMs);
  if (remainingMs(access, ask.nowMs, timing) < wishedMs) return "short";
  return ask.nowMs >= refreshPointMs(access, timing) ? "stale" : "fresh";
}

/** I7 right token: how long an access token is surely still accepted, with room for the difference between clocks. */
export function remainingMs(access: AccessFacts, nowMs: number, timing: Timing): number {
  return access.expiresAtMs - nowMs - timing.limits.clockSkewMs;
}

// A token that lives shorter than its policy says (or longer) is renewed at the same share of its own life.
function refreshPointMs(access: AccessFacts, timing: Timing): number {
  const lifeMs = access.expiresAtMs - access.receivedAtMs;
  return (
    access.receivedAtMs + Math.min(timing.hotIntervalMs, (lifeMs * timing.hotIntervalMs) / timing.policy.accessLifeMs)
  );
}
