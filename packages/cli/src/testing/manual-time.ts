import type { Time } from "@evergrant/keeper";

/** A clock that stands still until it is moved. */
export interface ManualTime extends Time {
  /** Moves wall and monotonic clock and fires what is due on the way, in order. */
  pass(ms: number): void;
}

export function manualTime(startMs = 1_000_000): ManualTime {
  let elapsedMs = 0;
  const waiting = new Set<{ readonly atMs: number; readonly fire: () => void }>();
  const soonest = (untilMs: number) =>
    [...waiting].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  return {
    wallMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(delayMs, fire) {
      const timer = { atMs: elapsedMs + Math.max(0, delayMs), fire };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    pass(ms) {
      const untilMs = elapsedMs + ms;
      for (let timer = soonest(untilMs); timer !== undefined; timer = soonest(untilMs)) {
        waiting.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.atMs);
        timer.fire();
      }
      elapsedMs = untilMs;
    },
  };
}
