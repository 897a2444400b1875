import { getRandomValues } from "node:crypto";
import type { Chance } from "./ports/chance.ts";
import type { Time, Timer } from "./ports/time.ts";

/**
 * The machine's own clock and timers. A timer may be any length; it keeps the process alive until it fires or is cancelled,
 * so whoever sets one also ends it.
 */
export function realTime(): Time {
  return { wallMs: () => Date.now(), monotonicMs: () => performance.now(), setTimer: setRealTimer };
}

/** The operating system's randomness, for jitter as well as for keys. */
export function realChance(): Chance {
  return {
    draw: () => Math.random(),
    bytes: (length) => getRandomValues(new Uint8Array(length)),
  };
}

/** A clock that runs ahead of another by an offset that can change while timers are set. */
export interface FollowedTime extends Time {
  /** Moves both clocks to `base + offsetMs`; timers whose instant has come by that fire soon after. Never backwards. */
  setOffsetMs(offsetMs: number): void;
  /** The wall instant of the soonest timer that is set; null when none is. */
  nextTimerMs(): number | null;
}

/**
 * Time that follows another process's clock: wall and monotonic move together, and every timer is counted in followed time.
 * Sockets must not use it: their peers live in real time.
 */
export function followedTime(base: Time): FollowedTime {
  let offsetMs = 0;
  const set = new Set<FollowedTimer>();
  const monotonicMs = () => base.monotonicMs() + offsetMs;
  const arm = (timer: FollowedTimer) => {
    timer.armed?.cancel();
    timer.armed = base.setTimer(Math.max(0, timer.atMonotonicMs - monotonicMs()), () => {
      set.delete(timer);
      timer.fire();
    });
  };
  return {
    wallMs: () => base.wallMs() + offsetMs,
    monotonicMs,
    setTimer(delayMs, fire) {
      const timer: FollowedTimer = { atMonotonicMs: monotonicMs() + Math.max(0, delayMs), fire, armed: null };
      set.add(timer);
      arm(timer);
      return {
        cancel: () => {
          set.delete(timer);
          timer.armed?.cancel();
        },
      };
    },
    setOffsetMs(nextMs) {
      if (!Number.isFinite(nextMs) || nextMs <= offsetMs) return;
      offsetMs = nextMs;
      for (const timer of [...set].sort((a, b) => a.atMonotonicMs - b.atMonotonicMs)) arm(timer);
    },
    nextTimerMs() {
      if (set.size === 0) return null;
      const soonestMs = Math.min(...[...set].map((timer) => timer.atMonotonicMs));
      return base.wallMs() + offsetMs + Math.max(0, soonestMs - monotonicMs());
    },
  };
}

interface FollowedTimer {
  readonly atMonotonicMs: number;
  readonly fire: () => void;
  armed: Timer | null;
}

// Node's timers take at most 2^31 − 1 ms and fire at once beyond that: a longer one is waited for in turns.
const LONGEST_TURN_MS = 2 ** 31 - 1;

function setRealTimer(delayMs: number, fire: () => void): Timer {
  const atMs = performance.now() + Math.max(0, delayMs);
  let handle: NodeJS.Timeout;
  const wait = () => {
    const leftMs = atMs - performance.now();
    handle = leftMs > LONGEST_TURN_MS ? setTimeout(wait, LONGEST_TURN_MS) : setTimeout(fire, Math.max(0, leftMs));
  };
  wait();
  return { cancel: () => clearTimeout(handle) };
}
