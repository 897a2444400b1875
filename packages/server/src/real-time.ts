import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { ServerChance, ServerTime } from "./ports.ts";

/** The machine's own clock. */
export const realTime: ServerTime = { monotonicMs: () => performance.now() };

/** Random bytes of the operating system. */
export const realChance: ServerChance = { bytes: (length) => randomBytes(length) };

/** Milliseconds since the epoch, on the machine's own clock. */
export const realWallMs = (): number => Date.now();

/** Calls once, when so much of the machine's own time has passed; keeps no process alive. Gives back how to call it off. */
export function afterRealMs(delayMs: number, call: () => void): () => void {
  const timer = setTimeout(call, delayMs).unref();
  return () => clearTimeout(timer);
}
