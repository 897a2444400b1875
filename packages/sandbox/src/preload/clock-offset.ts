import { openSync, readSync } from "node:fs";
import { machine } from "../real-time.ts";

/** How far the sandbox's clock is ahead of this machine's. */
export interface ClockOffset {
  /** What has to be added to this process's own clock, in ms. */
  toAddMs(): number;
  /** The next question reads it anew. */
  changed(): void;
}

// So often at most a program that asks for the time in a loop makes us read the file.
const HELD_MS = 1;

/** Reads the offset from its file whenever somebody asks for the time, so that it is right in the middle of a turn too. */
export function readOffset(file: string, clock: "ours-to-move" | "moved-already"): ClockOffset {
  if (clock === "moved-already") return { toAddMs: () => 0, changed: () => {} };
  const descriptor = openSync(file, "r");
  const buffer = Buffer.alloc(64);
  let heldMs = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    toAddMs() {
      const atMs = machine.monotonicMs();
      if (atMs - readAtMs < HELD_MS) return heldMs;
      const length = readSync(descriptor, buffer, 0, buffer.length, 0);
      heldMs = Math.round(Number.parseFloat(buffer.toString("latin1", 0, length)) * 1000);
      readAtMs = atMs;
      return heldMs;
    },
    changed() {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}
