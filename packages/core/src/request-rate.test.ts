import fc from "fast-check";
import { expect, test } from "vitest";
import { type RequestBucket, takeRequest } from "./request-rate.ts";

test("so many at once, one more for each share of a minute, and the wait that is told is enough", () => {
  let bucket: RequestBucket | undefined;
  const ask = (nowMs: number) => {
    const taken = takeRequest(bucket, 3, nowMs);
    if (taken.kind === "go") bucket = taken.bucket;
    return taken.kind === "go" ? "go" : taken.retryAfterMs;
  };
  expect([ask(0), ask(0), ask(0), ask(0), ask(10_000)]).toEqual(["go", "go", "go", 20_000, 10_000]);
  expect([ask(20_000), ask(20_000)]).toEqual(["go", 20_000]);
  expect([ask(3_600_000), ask(3_600_000), ask(3_600_000), ask(3_600_000)]).toEqual(["go", "go", "go", 20_000]);
  // A clock that went back gives nothing away.
  expect(ask(0)).toBe(20_000);
});

test("in any stretch of time at most the burst and what that time refills", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.array(fc.nat(5_000), { maxLength: 200 }), (perMinute, gaps) => {
      let bucket: RequestBucket | undefined;
      let [nowMs, passed] = [0, 0];
      for (const gap of gaps) {
        nowMs += gap;
        const taken = takeRequest(bucket, perMinute, nowMs);
        if (taken.kind === "wait") continue;
        bucket = taken.bucket;
        passed += 1;
      }
      expect(passed).toBeLessThanOrEqual(perMinute + (nowMs * perMinute) / 60_000 + 1e-6);
    }),
  );
});
