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
  // A refresh would take the token out of the hands of everybody who holds it: no wish for a longer life brings one sooner.
  if (timing.policy.oldAccessToken === "dies") return ask.nowMs >= refreshPointMs(access, timing) ? "stale" : "fresh";
  const wishedMs = Math.min(ask.minTtlMs, timing.minTtlCapMs);
  if (remainingMs(access, ask.nowMs, timing) < wishedMs) return "short";
  return ask.nowMs >= refreshPointMs(access, timing) ? "stale" : "fresh";
}

/** I7 right token: how long an access token is surely still accepted, with room for the difference between clocks. */
export function remainingMs(access: AccessFacts, nowMs: number, timing: Timing): number {
  return access.expiresAtMs - nowMs - timing.limits.clockSkewMs;
}

/**
 * I7 right token: how long whoever is handed a token may count on it. Where a refresh kills the token before it, that ends when the
 * next one may come. `confirmFromMs`: when a suspect head is going to be refreshed, which may be sooner; null where there is none.
 */
export function promisedMs(
  token: { readonly access: AccessFacts; readonly confirmFromMs: number | null },
  nowMs: number,
  timing: Timing,
): number {
  const leftMs = remainingMs(token.access, nowMs, timing);
  if (timing.policy.oldAccessToken !== "dies") return leftMs;
  const refreshedFromMs = Math.min(
    refreshPointMs(token.access, timing),
    token.confirmFromMs ?? Number.POSITIVE_INFINITY,
  );
  // Past it the refresh did not come about, and is tried again after a pause.
  return Math.min(leftMs, nowMs < refreshedFromMs ? refreshedFromMs - nowMs : timing.limits.retryFirstMs);
}

// A token that lives shorter than its policy says (or longer) is renewed at the same share of its own life.
function refreshPointMs(access: AccessFacts, timing: Timing): number {
  const lifeMs = access.expiresAtMs - access.receivedAtMs;
  const { policy, limits, hotIntervalMs } = timing;
  // Where it kills the token in hand, the earliest that jitter lets the schedule come.
  const share = policy.oldAccessToken === "dies" ? 1 - limits.jitterShare : 1;
  return access.receivedAtMs + share * Math.min(hotIntervalMs, (lifeMs * hotIntervalMs) / policy.accessLifeMs);
}
