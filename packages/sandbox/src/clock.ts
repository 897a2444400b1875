import type { Engine } from "./engine/index.ts";
import { SandboxError } from "./errors.ts";
import type { Time } from "./time.ts";

/** The sandbox's clock: real time plus an offset that only grows and that the ledger keeps. */
export interface SandboxClock {
  nowMs(): number;
  offsetMs(): number;
  /** Moves to an instant; scheduled events due by then are carried out in order. Throws `clock_backwards`. */
  moveTo(atMs: number): void;
}

export function createClock(engine: Engine, time: Time): SandboxClock {
  const offsetMs = () => Number(engine.view.get("settings", "clockOffsetMs")?.value ?? 0);
  const nowMs = () => time.wallMs() + offsetMs();
  return {
    nowMs,
    offsetMs,
    moveTo(atMs) {
      const nextOffsetMs = atMs - time.wallMs();
      if (nextOffsetMs < offsetMs())
        throw new SandboxError(
          "clock_backwards",
          "The clock only moves forward. Name an instant after the present one.",
        );
      engine.run(atMs, (turn) => turn.draft.put("settings", "clockOffsetMs", { value: nextOffsetMs }));
    },
  };
}
