import type { Engine } from "./engine/index.ts";
import type { Time } from "./time.ts";

/** The sandbox's clock: real time plus an offset that only grows and that the ledger keeps. */
export interface SandboxClock {
  nowMs(): number;
  offsetMs(): number;
  /** Moves to an instant, or to now if real time has passed it meanwhile; what was due by then is carried out in order. */
  moveTo(atMs: number): void;
}

export function createClock(engine: Engine, time: Time): SandboxClock {
  const offsetMs = () => Number(engine.view.get("settings", "clockOffsetMs")?.value ?? 0);
  const nowMs = () => time.wallMs() + offsetMs();
  return {
    nowMs,
    offsetMs,
    moveTo(atMs) {
      // Read once: between a caller's look at the clock and ours, real time goes on.
      const wallMs = time.wallMs();
      const nextOffsetMs = Math.max(atMs - wallMs, offsetMs());
      engine.run(wallMs + nextOffsetMs, (turn) => turn.draft.put("settings", "clockOffsetMs", { value: nextOffsetMs }));
    },
  };
}
