import { getRandomValues } from "node:crypto";
import type { Chance, Time } from "./time.ts";

/** The machine's own clock and timers. */
export const realTime: Time = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const handle = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** The operating system's randomness. */
export const realChance: Chance = {
  draw: () => Math.random(),
  bytes: (length) => getRandomValues(new Uint8Array(length)),
};
