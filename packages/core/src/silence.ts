import type { Outcome } from "./outcome.ts";
import type { Limits } from "./timing.ts";

/** How many requests in a row brought one node no answer, and when it gave up the last of them. */
export interface Silence {
  readonly unheard: number;
  readonly atMs: number;
}

export const NO_SILENCE: Silence = { unheard: 0, atMs: Number.NEGATIVE_INFINITY };

/** What the end of a request says about this node's way to the provider. */
export function noteSilence(
  silence: Silence,
  end: { readonly outcome: Outcome["kind"]; readonly nowMs: number },
): Silence {
  switch (end.outcome) {
    case "ambiguous":
    case "not-executed":
      return { unheard: silence.unheard + 1, atMs: end.nowMs };
    case "success":
    case "rejected":
    case "inactive":
    case "app-error":
      return NO_SILENCE;
  }
}

/** As long as clocks may differ and others look: within it whoever gets answers has taken what is due. */
export function standsBackAtMostMs({ clockSkewMs, marginMs }: Limits): number {
  return clockSkewMs + marginMs;
}

/**
 * I2 durable knowledge: how long a node leaves what is due to other nodes before it takes it itself. It may be the only one that gets no answer: with the
 * fastest clock it would be the first at everything that is due, and ask for what it owes until the grace is over, while another could have
 * it at once. After the longest back-off it tries again whether its way is free.
 */
export function standsBackMs(silence: Silence, nowMs: number, limits: Limits): number {
  if (nowMs >= silence.atMs + limits.retryMaxMs) return 0;
  return Math.min(silence.unheard * limits.marginMs, standsBackAtMostMs(limits));
}
