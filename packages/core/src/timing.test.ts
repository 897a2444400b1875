import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rotation } from "./rotation.ts";
import { DEFAULT_LIMITS, type Limits, type Timing, type TokenPolicy, timing } from "./timing.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const GRACE: Rotation = {
  kind: "grace",
  seconds: 1800,
  anchor: "first-use",
  depth: "unknown",
  retry: "unknown",
  closesWhen: "unknown",
};
const POLICY: TokenPolicy = {
  accessLifeMs: 30 * MINUTE_MS,
  idleLifeMs: 60 * DAY_MS,
  absoluteLifeMs: "unknown",
  rotation: GRACE,
  oldAccessToken: "unknown",
  earlyRefresh: "allowed",
  repeatsDocumented: true,
};

function possible(policy: TokenPolicy, limits: Limits = DEFAULT_LIMITS): Timing {
  const verdict = timing(policy, limits);
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return verdict.timing;
}

describe("the durations of a provider with 30 minutes of access, 30 of grace and 60 idle days", () => {
  const derived = possible(POLICY);

  test("a hot connection is refreshed within 20 minutes, so that its parent could still be repeated", () => {
    expect(derived.hotIntervalMs).toBe(20 * MINUTE_MS);
    expect(derived.hotIntervalMs * (1 - DEFAULT_LIMITS.jitterShare)).toBe(18 * MINUTE_MS);
  });

  test("an idle one is kept alive within 7 days, and warned of at half and three quarters of its idle life", () => {
    expect(derived.keepaliveMs).toBe(7 * DAY_MS);
    expect(derived.warnAfterMs).toBe(30 * DAY_MS);
    expect(derived.criticalAfterMs).toBe(45 * DAY_MS);
  });

  test("the confirm window opens after the longest pause and closes before the grace does", () => {
    expect(derived.confirm).toEqual({ fromMs: 13.5 * MINUTE_MS, untilMs: 30 * MINUTE_MS - 70_000 });
    expect(derived.hotIntervalMs).toBeLessThanOrEqual(derived.confirm?.untilMs ?? 0);
  });

  test("nothing is promised that the policy does not carry, and nothing is withheld that it does", () => {
    expect(derived.cannotPromise).toEqual([]);
  });
});

describe("what a policy does not let us promise is said in words", () => {
  test.each<[string, Partial<TokenPolicy>, RegExp]>([
    ["no grace", { rotation: { kind: "strict" } }, /one lost answer is one lost grant/],
    ["a grace of 30 seconds", { rotation: { ...GRACE, seconds: 30 } }, /shorter than two tries/],
    [
      "a grace in which the lease of a first try leaves no time for a second",
      { rotation: { ...GRACE, seconds: 124 } },
      /shorter than two tries/,
    ],
    ["a grace of 10 minutes", { rotation: { ...GRACE, seconds: 600 } }, /paused process/],
    ["an unknown idle life", { idleLifeMs: "unknown" }, /lapse cannot be announced/],
    ["a hard end", { absoluteLifeMs: 365 * DAY_MS }, /ends after a fixed time/],
  ])("%s", (_name, change, sentence) => {
    expect(possible({ ...POLICY, ...change }).cannotPromise.join(" ")).toMatch(sentence);
  });
});

describe("limits that break an inequality are impossible", () => {
  test.each<[string, Partial<Limits>, RegExp]>([
    ["a request that outlives its lease", { requestTimeoutMs: 90_000 }, /below leaseMs/],
    ["a lease shorter than stray requests", { strayLifeMs: 60_000 }, /outlasts stray requests/],
    ["a skew as long as a token", { clockSkewMs: 30 * MINUTE_MS }, /clockSkewMs/],
    ["a duration of zero", { marginMs: 0 }, /marginMs must be a positive number/],
    ["a duration that is not a number", { leaseMs: Number.NaN }, /leaseMs must be a positive number/],
  ])("%s", (_name, change, sentence) => {
    const verdict = timing(POLICY, { ...DEFAULT_LIMITS, ...change });
    expect(verdict.kind === "impossible" && verdict.reasons.join(" ")).toMatch(sentence);
  });
});

test("whatever the policy, what is derived keeps the protocol's order of instants", () => {
  const rotation: fc.Arbitrary<Rotation> = fc.oneof(
    fc.constantFrom<Rotation>({ kind: "none" }, { kind: "strict" }, { kind: "confirm-on-use" }, { kind: "unrevoked" }),
    fc.integer({ min: 1, max: 100_000 }).map((seconds): Rotation => ({ ...GRACE, seconds })),
  );
  const policy = fc.record({
    accessLifeMs: fc.integer({ min: 5 * MINUTE_MS, max: DAY_MS }),
    idleLifeMs: fc.oneof(fc.integer({ min: DAY_MS, max: 400 * DAY_MS }), fc.constantFrom("unlimited", "unknown")),
    rotation,
    earlyRefresh: fc.constantFrom("allowed", "refused"),
  });
  fc.assert(
    fc.property(policy, (change) => {
      const derived = possible({ ...POLICY, ...(change as Partial<TokenPolicy>) });
      const strayMs = DEFAULT_LIMITS.requestTimeoutMs + DEFAULT_LIMITS.strayLifeMs;
      expect(derived.sendDeadlineMs + strayMs).toBeLessThan(DEFAULT_LIMITS.leaseMs);
      expect(derived.hotIntervalMs).toBeLessThanOrEqual(derived.policy.accessLifeMs);
      expect(derived.keepaliveMs).toBeLessThanOrEqual(DEFAULT_LIMITS.keepaliveMaxMs);
      if (derived.lapseAfterMs !== null) {
        expect(derived.keepaliveMs).toBeLessThan(derived.warnAfterMs ?? 0);
        expect(derived.criticalAfterMs).toBeLessThan(derived.lapseAfterMs);
      }
      if (derived.confirm !== null && derived.repeat.kind === "for") {
        expect(derived.confirm.fromMs).toBeGreaterThan(
          derived.sendDeadlineMs + DEFAULT_LIMITS.pauseToleratedMs + strayMs,
        );
        expect(derived.confirm.untilMs).toBeLessThan(derived.repeat.ms);
      }
    }),
  );
});
