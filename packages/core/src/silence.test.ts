import { describe, expect, it } from "vitest";
import type { Outcome } from "./outcome.ts";
import { NO_SILENCE, noteSilence, type Silence, standsBackMs } from "./silence.ts";
import { DEFAULT_LIMITS as LIMITS } from "./timing.ts";

const after = (...outcomes: Outcome["kind"][]): Silence =>
  outcomes.reduce((silence, outcome) => noteSilence(silence, { outcome, nowMs: 1_000 }), NO_SILENCE);
const backMs = (silence: Silence, nowMs = 1_000) => standsBackMs(silence, nowMs, LIMITS);

describe("a node that gets no answer", () => {
  it("stands back the longer the more of its requests were in vain, as long as clocks may differ and others look", () => {
    const [once, twice] = [after("ambiguous"), after("ambiguous", "not-executed")];
    const often = after(...Array<"ambiguous">(30).fill("ambiguous"));
    expect([once, twice, often].map((silence) => backMs(silence))).toEqual([
      LIMITS.marginMs,
      2 * LIMITS.marginMs,
      LIMITS.clockSkewMs + LIMITS.marginMs,
    ]);
  });

  it.each(["success", "rejected", "inactive", "app-error"] as const)("is heard again: %s", (outcome) => {
    expect(backMs(after("ambiguous", outcome))).toBe(0);
  });

  it("tries its way again when the longest back-off is over, and stands back at once if it is still closed", () => {
    const silent = after("ambiguous", "ambiguous", "ambiguous");
    const laterMs = 1_000 + LIMITS.retryMaxMs;
    expect([backMs(silent, laterMs - 1), backMs(silent, laterMs)]).toEqual([15_000, 0]);
    expect(backMs(noteSilence(silent, { outcome: "ambiguous", nowMs: laterMs }), laterMs)).toBe(15_000);
  });

  it("has not stood back before its first request", () => {
    expect(backMs(NO_SILENCE)).toBe(0);
  });
});
