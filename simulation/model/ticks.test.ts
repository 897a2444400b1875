import { DEFAULT_LIMITS } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { brokenInequalities, type Ticks, ticksOf, XERO_POLICY } from "./ticks.ts";

const MINUTE_MS = 60_000;

describe("the model's clock", () => {
  test.each([6, 7, 8])("with %i ticks per grace keeps every inequality of the protocol", (perGrace) => {
    expect(brokenInequalities(ticksOf(perGrace))).toEqual([]);
  });

  test("takes its numbers from the timing of the policy, rounded to the harder side", () => {
    expect(ticksOf(6)).toEqual({
      tickMs: 5 * MINUTE_MS,
      grace: 6,
      request: 1,
      lease: 1,
      spendWindow: 5,
      pause: 2,
      confirmFrom: 4,
      confirmUntil: 4,
      horizon: 11,
    });
  });

  test("follows the limits: a longer tolerated pause confirms later", () => {
    const limits = { ...DEFAULT_LIMITS, pauseToleratedMs: 17 * MINUTE_MS };
    expect(ticksOf(8, XERO_POLICY, limits).confirmFrom).toBeGreaterThan(ticksOf(8).confirmFrom);
  });

  test("is refused where it is too coarse for the protocol", () => {
    expect(() => ticksOf(3)).toThrow(/too coarse: .*confirm window must not be empty/);
  });

  test("is refused for a policy without a grace", () => {
    expect(() => ticksOf(6, { ...XERO_POLICY, rotation: { kind: "strict" } })).toThrow(/needs a provider with a grace/);
  });

  test("is refused for limits that core calls impossible", () => {
    expect(() => ticksOf(6, XERO_POLICY, { ...DEFAULT_LIMITS, requestTimeoutMs: 90_000 })).toThrow(/below leaseMs/);
  });
});

describe("each inequality is seen when it is broken", () => {
  test.each<[Partial<Ticks>, RegExp]>([
    [{ request: 2 }, /outlive its lease/],
    [{ lease: 6 }, /inside the grace/],
    [{ spendWindow: 6 }, /arrive inside the grace/],
    [{ pause: 3 }, /later than the longest pause/],
    [{ confirmFrom: 5 }, /window must not be empty/],
    [{ confirmUntil: 5 }, /two tries/],
  ])("%o", (change, sentence) => {
    expect(brokenInequalities({ ...ticksOf(6), ...change }).join("; ")).toMatch(sentence);
  });
});
