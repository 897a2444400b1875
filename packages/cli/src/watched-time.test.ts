import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manualTime } from "./testing/manual-time.ts";
import { watchedTime } from "./watched-time.ts";

describe("followed time", () => {
  test("moves wall and monotonic clock together, and never back", () => {
    const base = manualTime(5_000);
    const time = watchedTime(base, () => {});
    time.setOffsetMs(1_000);
    expect([time.wallMs(), time.monotonicMs()]).toEqual([6_000, 1_000]);
    time.setOffsetMs(400);
    time.setOffsetMs(Number.NaN);
    base.pass(10);
    expect([time.wallMs(), time.monotonicMs()]).toEqual([6_010, 1_010]);
  });

  test("fires at the real pace without a jump, and at once after one", () => {
    const base = manualTime();
    const time = watchedTime(base, () => {});
    const fired: string[] = [];
    time.setTimer(100, () => fired.push("soon"));
    time.setTimer(86_400_000, () => fired.push("tomorrow"));
    base.pass(99);
    expect(fired).toEqual([]);
    base.pass(1);
    expect(fired).toEqual(["soon"]);
    time.setOffsetMs(86_400_000);
    base.pass(0);
    expect(fired).toEqual(["soon", "tomorrow"]);
  });

  test("says that something changed when a timer is set, cancelled or has fired", () => {
    const base = manualTime();
    let changes = 0;
    const time = watchedTime(base, () => {
      changes += 1;
    });
    const timer = time.setTimer(10, () => {});
    expect([changes, time.nextTimerMs()]).toEqual([1, 1_000_010]);
    timer.cancel();
    expect([changes, time.nextTimerMs()]).toEqual([2, null]);
    time.setTimer(5, () => {});
    base.pass(5);
    expect([changes, time.nextTimerMs()]).toEqual([4, null]);
  });

  test("whatever jumps come, each timer fires once, in the order of its instant, and never early", () => {
    const jumps = fc.array(fc.record({ jumpMs: fc.nat(5_000), passMs: fc.nat(5_000) }), { maxLength: 10 });
    const delays = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(delays, jumps, (delaysMs, steps) => {
        const base = manualTime(0);
        const time = watchedTime(base, () => {});
        const fired: number[] = [];
        for (const delayMs of delaysMs)
          time.setTimer(delayMs, () => {
            expect(time.monotonicMs()).toBeGreaterThanOrEqual(delayMs);
            fired.push(delayMs);
          });
        let offsetMs = 0;
        for (const { jumpMs, passMs } of steps) {
          offsetMs += jumpMs;
          time.setOffsetMs(offsetMs);
          base.pass(passMs);
        }
        // A timer of 0 ms fires when its turn comes, not while it is set.
        base.pass(0);
        const reached = delaysMs.filter((delayMs) => delayMs <= time.monotonicMs());
        expect(fired).toEqual(reached.toSorted((a, b) => a - b));
      }),
    );
  });
});
