import type { AccessToken, Tenant } from "./client.ts";
import type { Secret } from "./secret.ts";
import type { Time } from "./time.ts";

/** An access token in memory, with its end on both clocks. */
export interface HeldToken {
  readonly accessToken: Secret;
  readonly scope: string;
  readonly tenants: readonly Tenant[];
  readonly expiresAtWallMs: number;
  readonly expiresAtMonotonicMs: number;
  /** From here on it is renewed behind. */
  readonly renewAtMonotonicMs: number;
}

/** `fresh`: hand out. `stale`: hand out and renew behind. `short`: valid, but for less than was wished. `expired`: wait. */
export type Standing = "fresh" | "stale" | "short" | "expired";

export function standing(held: HeldToken | null, minTtlMs: number, time: Time): Standing {
  const leftMs = remainingMs(held, time);
  if (held === null || leftMs <= 0) return "expired";
  if (leftMs < minTtlMs) return "short";
  return time.monotonicMs() >= held.renewAtMonotonicMs ? "stale" : "fresh";
}

/**
 * How long a token is surely valid; 0 without one. The clock that says less is believed: a wall clock that is put back cannot
 * lengthen a life, and neither can a machine that slept, whose monotonic clock stood still.
 */
export function remainingMs(held: HeldToken | null, time: Time): number {
  if (held === null) return 0;
  return Math.max(0, Math.min(held.expiresAtMonotonicMs - time.monotonicMs(), held.expiresAtWallMs - time.wallMs()));
}

export function handOut(held: HeldToken, time: Time): AccessToken {
  return {
    accessToken: held.accessToken,
    tokenType: "Bearer",
    expiresInMs: remainingMs(held, time),
    scope: held.scope,
    tenants: held.tenants,
  };
}

/** Renewal begins somewhere in the third quarter of what remains, so that many clients do not come at once. */
export function renewalDelayMs(lifeMs: number, draw: number): number {
  return lifeMs * (0.5 + 0.25 * draw);
}
