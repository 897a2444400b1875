import type { Outcome } from "./outcome.ts";
import type { Limits } from "./timing.ts";

/** When one node gave up the last of its requests, if no answer has come to any since; null: it is answered. */
export type SilentSinceMs = number | null;

/** What the end of a request says about this node's way to the provider. */
export function silentAfter(end: { readonly outcome: Outcome["kind"]; readonly nowMs: number }): SilentSinceMs {
  switch (end.outcome) {
    case "ambiguous":
    case "not-executed":
      return end.nowMs;
    case "success":
    case "rejected":
    case "inactive":
    case "app-error":
      return null;
  }
}

/** As long as clocks may differ and others look: within it whoever gets answers has taken what is due. */
export function standsBackAtMostMs({ clockSkewMs, marginMs }: Limits): number {
  return clockSkewMs + marginMs;
}

/**
 * I2 durable knowledge: how long a node leaves what is due to other nodes before it takes it itself. It may be the only one that gets no
 * answer: with the fastest clock it would be the first at everything that is due, and ask for what it owes until the grace is over, while
 * another could have it at once. After a long silence it tries again whether its way is free.
 */
export function standsBackMs(silentSinceMs: SilentSinceMs, nowMs: number, limits: Limits): number {
  const isSilent = silentSinceMs !== null && nowMs < silentSinceMs + silentForMs(limits);
  return isSilent ? standsBackAtMostMs(limits) : 0;
}

/** Longer than anything that it owes is away from being due again: a lease, or the longest back-off. */
function silentForMs({ leaseMs, retryMaxMs }: Limits): number {
  return 2 * (leaseMs + retryMaxMs);
}
