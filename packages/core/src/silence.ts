import type { Outcome } from "./outcome.ts";
import type { Limits } from "./timing.ts";

/** How many requests in a row brought one node no answer, and when it gave up the last of them. */
export interface Silence {
  readonly unheard: number;
  readonly atMs: number;
  /** From 0 to 1, drawn with each: which of the nodes is first that have been silent for as long as counts. */
  readonly lot: number;
}

export const NO_SILENCE: Silence = { unheard: 0, atMs: Number.NEGATIVE_INFINITY, lot: 0 };

/** What the end of a request says about this node's way to the provider; one that was turned away (429) counts as in vain as well. */
export function noteSilence(
  { unheard }: Silence,
  end: { readonly outcome: Outcome["kind"]; readonly nowMs: number; readonly lot: number },
): Silence {
  switch (end.outcome) {
    case "ambiguous":
    case "not-executed":
      return { unheard: unheard + 1, atMs: end.nowMs, lot: end.lot };
    case "success":
    case "rejected":
    case "inactive":
    case "app-error":
      return NO_SILENCE;
  }
}

/** Two nodes of which one gets no answers may each have lost one or two by chance: the third in a row tells them apart. */
const STEPS = 3;

/** As long as clocks may differ and others look: within it whoever stands back less has taken what is due. */
export function standBackStepMs({ clockSkewMs, marginMs }: Limits): number {
  return clockSkewMs + marginMs;
}

export function standsBackAtMostMs(limits: Limits): number {
  return STEPS * standBackStepMs(limits);
}

/**
 * I2 durable knowledge: how long a node leaves what is due to other nodes before it takes it itself: the longer, the more of its requests
 * were in vain. It may be the only one that gets no answer: with the fastest clock it would be the first at everything that is due, and ask
 * for what it owes until the grace is over, while another could have it at once. After a long silence it tries again whether its way is free.
 * Where the provider gave nobody an answer for a while all are as silent, and one of them may be so still: the lot lets each be first at times.
 */
export function standsBackMs({ unheard, atMs, lot }: Silence, nowMs: number, limits: Limits): number {
  const isSilent = nowMs < atMs + silentForMs(limits);
  if (!isSilent) return 0;
  const stepMs = standBackStepMs(limits);
  return unheard < STEPS ? unheard * stepMs : Math.round((STEPS - 1 + lot) * stepMs);
}

/** What is owed is due again within this: a lease, or a back-off. What is due later is held by whoever does not owe it. */
export function workedOnWithinMs({ leaseMs, retryMaxMs }: Limits): number {
  return leaseMs + retryMaxMs;
}

/** Longer than anything that it owes is away from being due again: a lease, or the longest back-off. */
function silentForMs(limits: Limits): number {
  return 2 * workedOnWithinMs(limits);
}
