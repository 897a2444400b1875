import fc from "fast-check";
import { expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

it("never passes more than the burst plus what time refilled, and never remembers more addresses than it may", () => {
  const step = fc.record({ address: fc.constantFrom("a", "b", "c", "d"), waitMs: fc.integer({ min: 0, max: 3_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let nowMs = 0;
      const limiter = new RateLimiter(
        { burst: 3, refillMs: 1_000 },
        { time: { monotonicMs: () => nowMs }, addressesMax: 4 },
      );
      const passed = new Map<string, number>();
      for (const { address, waitMs } of steps) {
        nowMs += waitMs;
        if (limiter.take(address).kind === "pass") passed.set(address, (passed.get(address) ?? 0) + 1);
        expect(limiter.size).toBeLessThanOrEqual(4);
      }
      for (const count of passed.values()) expect(count).toBeLessThanOrEqual(3 + Math.floor(nowMs / 1_000));
    }),
  );
});

it("says how long to wait, and passes after that", () => {
  let nowMs = 0;
  const limiter = new RateLimiter(
    { burst: 1, refillMs: 1_000 },
    { time: { monotonicMs: () => nowMs }, addressesMax: 2 },
  );
  limiter.take("a");
  nowMs = 400;
  expect(limiter.take("a")).toEqual({ kind: "wait", retryAfterMs: 600 });
  nowMs = 1_000;
  expect(limiter.take("a").kind).toBe("pass");
});

it("forgets the address seen longest ago first", () => {
  const limiter = new RateLimiter({ burst: 1, refillMs: 1_000 }, { time: { monotonicMs: () => 0 }, addressesMax: 2 });
  for (const address of ["a", "b", "a", "c"]) limiter.take(address);
  expect(limiter.take("a").kind).toBe("wait");
  expect(limiter.take("b").kind).toBe("pass");
});
