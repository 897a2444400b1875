import type { Time } from "@evergrant/keeper";

/**
 * The machine's own clock and timers, for commands that talk to a running node: these need not load the keeper, which has its own.
 */
export function realTime(): Time {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer(delayMs, fire) {
      const handle = setTimeout(fire, Math.max(0, delayMs));
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
