import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import timersModule from "node:timers";
import timerPromisesModule from "node:timers/promises";
import type { Time } from "./time.ts";

// Node's timers take at most 2^31 − 1 ms; a longer delay would fire at once.
const longestDelayMs = 2 ** 31 - 1;

/** The machine's own clock and timers. */
export const realTime: Time = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), longestDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits in real time, whatever the sandbox's clock says; an abort ends the wait early. */
export function waitRealMs(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      timer.cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = realTime.setTimer(delayMs, finish);
    signal.addEventListener("abort", finish);
  });
}

/** Real randomness, as hex. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

/** Node's own clock and timers, as they were before anybody replaced them, and the modules in which they can be replaced. */
export const machine = {
  Date: globalThis.Date,
  wallMs: globalThis.Date.now,
  monotonicMs: () => performance.now(),
  startTimer: globalThis.setTimeout,
  stopTimer: globalThis.clearTimeout,
  timersModule,
  timerPromisesModule,
} as const;
