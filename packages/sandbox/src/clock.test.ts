import { expect, test } from "vitest";
import { createClock } from "./clock.ts";
import { createEngine, createLedger } from "./engine/index.ts";
import { seededMint } from "./seeded-mint.ts";

const NOON_MS = Date.parse("2026-03-02T12:00:00Z");

/** Each look at the machine's clock finds it a millisecond on, as on a busy machine. */
function aClockOnABusyMachine() {
  const engine = createEngine({ ledger: createLedger([], () => {}), mint: seededMint(() => "1"), dialect: "xero" });
  let wallMs = NOON_MS;
  const time = { wallMs: () => ++wallMs, monotonicMs: () => wallMs, setTimer: () => ({ cancel() {} }) };
  return createClock(engine, time);
}

test("an instant that real time has passed since it was chosen is now, not a step back", () => {
  const clock = aClockOnABusyMachine();
  clock.moveTo(clock.nowMs());
  expect(clock.offsetMs()).toBe(0);
  clock.moveTo(clock.nowMs() + 3_600_000);
  const offsetMs = clock.offsetMs();
  clock.moveTo(clock.nowMs());
  expect(clock.offsetMs()).toBe(offsetMs);
});
