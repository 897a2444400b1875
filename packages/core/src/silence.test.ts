import { describe, expect, it } from "vitest";
import type { Outcome } from "./outcome.ts";
import { NO_SILENCE, noteSilence, type Silence, standsBackMs } from "./silence.ts";
import { DEFAULT_LIMITS as LIMITS } from "./timing.ts";

const STEP_MS = LIMITS.clockSkewMs + LIMITS.marginMs;
const after = (...outcomes: Outcome["kind"][]): Silence =>
  outcomes.reduce((silence, outcome) => noteSilence(silence, { outcome, nowMs: 1_000, lot: 1 }), NO_SILENCE);
const backMs = (silence: Silence, laterMs = 0) => standsBackMs(silence, 1_000 + laterMs, LIMITS);

describe("a node that gets no answer", () => {
  it("stands back by as much as clocks may differ and others look, for each request in vain, and three times that at most", () => {
    const [once, twice] = [after("ambiguous"), after("ambiguous", "not-executed")];
    const often = after(...Array<"ambiguous">(30).fill("ambiguous"));
    expect([once, twice, often].map((silence) => backMs(silence))).toEqual([STEP_MS, 2 * STEP_MS, 3 * STEP_MS]);
  });

  it("goes by a lot of its own, drawn anew each time, once it is as silent as counts: not always behind, or before, one that is too", () => {
    const silent = { ...after("ambiguous", "ambiguous"), lot: 0.5 };
    const lots = [0, 0.25, 1].map((lot) => noteSilence(silent, { outcome: "ambiguous", nowMs: 1_000, lot }));
    expect(lots.map((silence) => backMs(silence))).toEqual([2 * STEP_MS, 2.25 * STEP_MS, 3 * STEP_MS]);
    expect(backMs(silent)).toBe(2 * STEP_MS);
  });

  it.each(["success", "rejected", "inactive", "app-error"] as const)("is heard again: %s", (outcome) => {
    expect(backMs(after("ambiguous", "ambiguous", outcome))).toBe(0);
  });

  it("tries its way again when all that it owed has been due to others, and stands back at once if it is still closed", () => {
    const silent = after("ambiguous", "ambiguous", "ambiguous");
    const longMs = 2 * (LIMITS.leaseMs + LIMITS.retryMaxMs);
    expect([backMs(silent, longMs - 1), backMs(silent, longMs)]).toEqual([3 * STEP_MS, 0]);
    expect(backMs(noteSilence(silent, { outcome: "ambiguous", nowMs: longMs, lot: 1 }), longMs)).toBe(3 * STEP_MS);
  });

  it("has not stood back before its first request", () => {
    expect(backMs(NO_SILENCE)).toBe(0);
  });
});
