import { DEFAULT_LIMITS } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { ClockMark } from "../ports/provenance.ts";
import type { Time } from "../ports/time.ts";
import { NodeClock } from "./node-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 1);
const { clockSkewMs, leaseMs } = DEFAULT_LIMITS;

const realShape = (machine: MovableTime): Time => ({
  wallMs: () => machine.wallMs(),
  monotonicMs: () => machine.monotonicMs(),
  setTimer: (delayMs, fire) => machine.setTimer(delayMs, fire),
});

/** A machine with a node on it that is alone, and what it remembered. */
function alone() {
  const machine = new MovableTime(START_MS);
  const clock = new NodeClock(machine, DEFAULT_LIMITS);
  const marks: ClockMark[] = [];
  const goOn = (newestMs: number | null, mark: ClockMark | null = null) =>
    clock.goOn({ newestMs, mark, remember: async (told) => void marks.push(told) });
  return { machine, clock, marks, goOn, passedMs: () => clock.time.wallMs() - START_MS };
}

/** In a time that is later than any that a test comes to. */
const WRITTEN_BY_OTHERS = Number.POSITIVE_INFINITY;

/** What others told of the store's clock, each thing later than the one before. */
let tellings = 0;
function told(hours: number) {
  tellings += 1;
  return { behindMs: hours * HOUR_MS, atMs: START_MS + 100 * HOUR_MS + tellings, newestMs: WRITTEN_BY_OTHERS };
}

/** A machine with a node on it whose store has a clock of its own. */
function shared(more: { readonly withinMs?: number } = {}) {
  const { machine, clock, passedMs } = alone();
  const store = { aheadMs: 0, asked: 0, away: false };
  clock.follow(async () => {
    store.asked += 1;
    if (store.away) throw new Error("away");
    const trueMs = START_MS + machine.monotonicMs();
    return { skewMs: trueMs + store.aheadMs - machine.wallMs(), withinMs: more.withinMs ?? 1 };
  });
  const leaps = { told: 0, whose: "" };
  clock.onLeap = (whose) => {
    leaps.whose = whose;
    leaps.told += 1;
  };
  return { machine, clock, passedMs, store, leaps };
}

describe("the time of a node that is alone", () => {
  test("is the machine's as long as that goes as clocks go", async () => {
    const { machine, clock, passedMs } = alone();
    await machine.advance(HOUR_MS);
    machine.leap(-2_000);
    await clock.makeSure();
    expect(passedMs()).toBe(HOUR_MS - 2_000);
    expect(clock.machineAheadMs).toBe(0);
  });

  test("does not believe a leap that it has not looked at: until then it may be as late as the machine's clock says", async () => {
    const { machine, clock, passedMs } = alone();
    await machine.advance(HOUR_MS);
    machine.leap(5 * HOUR_MS);
    expect([passedMs(), clock.latestMs() - START_MS, clock.isSure]).toEqual([HOUR_MS, 6 * HOUR_MS, false]);
    await clock.makeSure();
    expect([passedMs(), clock.latestMs() - START_MS, clock.isSure]).toEqual([6 * HOUR_MS, 6 * HOUR_MS, true]);
    machine.leap(-5 * HOUR_MS);
    expect([passedMs(), clock.latestMs() - START_MS, clock.isSure]).toEqual([6 * HOUR_MS, 6 * HOUR_MS, false]);
  });

  test("does not go back when the machine's clock is set back, and says how far that is behind", async () => {
    const { machine, clock, marks, goOn, passedMs } = alone();
    await goOn(null);
    await machine.advance(HOUR_MS);
    machine.leap(-5 * HOUR_MS);
    expect(passedMs()).toBe(HOUR_MS);
    await clock.makeSure();
    await machine.advance(MINUTE_MS);
    expect(passedMs()).toBe(HOUR_MS + MINUTE_MS);
    expect(clock.machineAheadMs).toBe(-5 * HOUR_MS);
    expect(marks).toEqual([{ aheadMs: 5 * HOUR_MS, doubtfulUntilMs: null }]);
  });

  test("is remembered in whole milliseconds, although the monotonic clock has fractions of them", async () => {
    const machine = new MovableTime(START_MS);
    const fine = { ...realShape(machine), monotonicMs: () => machine.monotonicMs() + 0.123456 };
    const clock = new NodeClock(fine, DEFAULT_LIMITS);
    const marks: ClockMark[] = [];
    await clock.goOn({ newestMs: null, mark: null, remember: async (mark) => void marks.push(mark) });
    await machine.advance(HOUR_MS);
    fine.monotonicMs = () => machine.monotonicMs() + 0.654321;
    machine.leap(-HOUR_MS);
    await clock.makeSure();
    expect(marks).toEqual([{ aheadMs: expect.toSatisfy(Number.isSafeInteger), doubtfulUntilMs: null }]);
  });

  test("goes ahead with the machine's, which may have slept", async () => {
    const { machine, clock, passedMs } = alone();
    machine.leap(3 * HOUR_MS);
    await clock.makeSure();
    expect(passedMs()).toBe(3 * HOUR_MS);
  });

  test("never goes back by more than clocks may differ, whatever the machine's does", async () => {
    const step = fc.record({
      byMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
      passedMs: fc.nat(HOUR_MS),
      sure: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { machine, clock } = alone();
        let lastMs = clock.time.wallMs();
        for (const { byMs, passedMs, sure } of steps) {
          machine.leap(byMs);
          if (sure) await clock.makeSure();
          await machine.advance(passedMs);
          await clock.makeSure();
          const nowMs = clock.time.wallMs();
          expect(nowMs - lastMs).toBeGreaterThanOrEqual(passedMs - clockSkewMs);
          lastMs = nowMs;
        }
      }),
      { numRuns: 60 },
    );
  });

  test("goes on after what the store holds, of which nobody knows how old it is, where the machine's clock is behind it", async () => {
    const { clock, marks, goOn } = alone();
    const newestMs = START_MS + HOUR_MS;
    await goOn(newestMs);
    expect(clock.time.wallMs()).toBe(newestMs + leaseMs);
    expect(clock.doubtfulUntilMs).toBe(newestMs + leaseMs - 1);
    expect(marks).toEqual([{ aheadMs: HOUR_MS + leaseMs, doubtfulUntilMs: newestMs + leaseMs - 1 }]);
  });

  test("is the machine's again after a restart, but for what was written while it was ahead of that", async () => {
    const { clock, goOn, passedMs, machine } = alone();
    await machine.advance(10 * MINUTE_MS);
    await goOn(START_MS + MINUTE_MS, { aheadMs: 2 * MINUTE_MS, doubtfulUntilMs: null });
    expect(passedMs()).toBe(10 * MINUTE_MS);
    expect(clock.doubtfulUntilMs).toBe(START_MS + 10 * MINUTE_MS - 1);
  });

  test("leaves nothing in doubt where no clock ever leapt", async () => {
    const { clock, marks, goOn } = alone();
    await goOn(START_MS - MINUTE_MS);
    expect([clock.doubtfulUntilMs, marks]).toEqual([Number.NEGATIVE_INFINITY, []]);
  });
});

describe("the time of nodes that share a store", () => {
  test.each([5 * HOUR_MS, -5 * HOUR_MS])("stays the store's when the machine's clock leaps by %i ms", async (byMs) => {
    const { machine, clock, passedMs, leaps } = shared();
    await machine.advance(HOUR_MS);
    machine.leap(byMs);
    await clock.makeSure();
    await machine.advance(MINUTE_MS);
    expect(passedMs()).toBe(HOUR_MS + MINUTE_MS);
    expect(clock.machineAheadMs).toBe(byMs);
    machine.leap(-byMs);
    await clock.makeSure();
    expect([passedMs(), clock.machineAheadMs]).toEqual([HOUR_MS + MINUTE_MS, 0]);
    expect(leaps.told).toBe(2);
  });

  test("is not asked of the store again as long as nothing leaps", async () => {
    const { machine, clock, store } = shared();
    for (let round = 0; round < 10; round += 1) {
      await machine.advance(MINUTE_MS);
      await clock.makeSure();
    }
    expect(store.asked).toBe(0);
  });

  test("is asked for once by however many want to begin something", async () => {
    const { machine, clock, store } = shared();
    machine.leap(HOUR_MS);
    await Promise.all(Array.from({ length: 20 }, () => clock.makeSure()));
    expect(store.asked).toBe(1);
  });

  test("lets nothing begin while it leapt and the store does not answer", async () => {
    const { machine, clock, store } = shared();
    machine.leap(HOUR_MS);
    store.away = true;
    await expect(clock.makeSure()).rejects.toThrow("away");
    store.away = false;
    await clock.makeSure();
    expect(clock.machineAheadMs).toBe(HOUR_MS);
  });

  test("follows the store's where that is another than it was thought to be", async () => {
    const { machine, clock, store, passedMs, leaps } = shared();
    await machine.advance(HOUR_MS);
    store.aheadMs = 2 * MINUTE_MS;
    await clock.compare();
    expect(passedMs()).toBe(HOUR_MS + 2 * MINUTE_MS);
    expect(leaps.told).toBe(1);
  });

  test("is left as it is where the store's differs by less than clocks may, or than can be told", async () => {
    const { clock, store } = shared();
    store.aheadMs = clockSkewMs / 2;
    await clock.compare();
    expect(clock.machineAheadMs).toBe(0);
    const slow = shared({ withinMs: 4_000 });
    slow.store.aheadMs = clockSkewMs / 2 + 3_000;
    await slow.clock.compare();
    expect(slow.clock.machineAheadMs).toBe(0);
  });

  test("is asked for anew where the machine's clock leapt while the store was asked", async () => {
    const machine = new MovableTime(START_MS);
    const clock = new NodeClock(machine, DEFAULT_LIMITS);
    let asked = 0;
    clock.follow(async () => {
      const skewMs = START_MS + machine.monotonicMs() - machine.wallMs();
      if (asked === 0) machine.leap(HOUR_MS);
      asked += 1;
      return { skewMs, withinMs: 1 };
    });
    await clock.compare();
    expect([asked, clock.machineAheadMs]).toEqual([2, HOUR_MS]);
  });

  test("is asked for again where an answer was long on its way, a few times, and the nearest of them counts", async () => {
    const widthsMs = [32_000, 8_000, 1];
    const { machine, clock } = alone();
    let asked = 0;
    clock.follow(async () => {
      const withinMs = widthsMs[asked] ?? 20_000;
      asked += 1;
      return { skewMs: START_MS - 48 * HOUR_MS + machine.monotonicMs() - machine.wallMs() + withinMs, withinMs };
    });
    await clock.compare();
    expect([asked, clock.machineAheadMs]).toEqual([3, 48 * HOUR_MS - 1]);
    widthsMs.splice(0, 3, 32_000, 32_000, 32_000, 30_000, 31_000, 32_000);
    await clock.compare();
    expect([asked, clock.machineAheadMs]).toEqual([6, 48 * HOUR_MS - 1]);
  });

  test("is looked at once more for whoever asks where the clock leapt after a look had begun", async () => {
    const { machine, clock } = shared();
    let looks = 0;
    clock.lookBy(async () => {
      looks += 1;
      await clock.compare();
      // As the others are told what was found.
      if (looks === 1) machine.leap(HOUR_MS);
    });
    const looking = clock.look();
    machine.leap(-HOUR_MS);
    await Promise.all([looking, clock.makeSure()]);
    expect([looks, clock.isSure, clock.machineAheadMs]).toEqual([2, true, 0]);
  });

  test("goes on when the store's own clock is set back, and joins it again when that is set right", async () => {
    const { machine, clock, passedMs, store, leaps } = shared();
    await clock.compare();
    await machine.advance(HOUR_MS);
    store.aheadMs = -5 * HOUR_MS;
    await clock.compare();
    expect([passedMs(), clock.storeBehindMs, leaps.whose]).toEqual([HOUR_MS, 5 * HOUR_MS, "store"]);
    expect([clock.join(told(0)), clock.join(told(5))]).toEqual([5 * HOUR_MS, null]);
    await machine.advance(HOUR_MS);
    await clock.compare();
    expect([passedMs(), clock.storeBehindMs]).toEqual([2 * HOUR_MS, 5 * HOUR_MS]);
    store.aheadMs = 0;
    await clock.compare();
    expect([passedMs(), clock.storeBehindMs, clock.join(told(5))]).toEqual([2 * HOUR_MS, 0, 0]);
  });

  test("knows to the millisecond by how much that is, whatever the clocks differed by before", async () => {
    const { clock, passedMs, store } = shared();
    await clock.compare();
    store.aheadMs = -clockSkewMs / 4;
    await clock.compare();
    store.aheadMs -= 12_000;
    await clock.compare();
    expect([clock.storeBehindMs, passedMs()]).toEqual([12_000, 0]);
    store.aheadMs += 12_000;
    await clock.compare();
    expect([clock.storeBehindMs, passedMs()]).toEqual([0, 0]);
  });

  test("is the others' at once for who wakes from a sleep in which its machine's clock was set besides", async () => {
    const { machine, clock, passedMs, store } = shared();
    await clock.compare();
    store.aheadMs = -48 * HOUR_MS;
    await clock.compare();
    const heard = async () => ({ ...told(0), behindMs: 48 * HOUR_MS });
    expect(await clock.compare(heard)).toBeNull();
    // It sleeps for two minutes, which its monotonic clock does not count, and its machine's clock is set an hour ahead.
    store.aheadMs += 2 * MINUTE_MS;
    machine.leap(HOUR_MS + 2 * MINUTE_MS);
    expect(await clock.compare(heard)).toBeNull();
    expect([clock.storeBehindMs, passedMs()]).toEqual([48 * HOUR_MS, 2 * MINUTE_MS]);
  });

  test("is learnt from what the others told by a node that is new, and kept by one that slept", async () => {
    const fresh = shared();
    fresh.store.aheadMs = -5 * HOUR_MS;
    await fresh.clock.compare();
    expect([fresh.passedMs(), fresh.clock.storeBehindMs]).toEqual([-5 * HOUR_MS, 0]);
    expect(fresh.clock.join(told(5))).toBeNull();
    expect([fresh.passedMs(), fresh.clock.storeBehindMs]).toEqual([0, 5 * HOUR_MS]);
    const { machine, clock, store, passedMs } = fresh;
    machine.leap(HOUR_MS);
    store.aheadMs += HOUR_MS;
    await clock.compare();
    expect([passedMs(), clock.storeBehindMs, clock.join(told(5))]).toEqual([HOUR_MS, 5 * HOUR_MS, null]);
  });

  test("is what the others told, and not what a node found by a clock of its own that leapt meanwhile", async () => {
    const { machine, clock, store, passedMs } = shared();
    await clock.compare();
    // It sleeps for three minutes, in which the store's clock is set back.
    machine.leap(3 * MINUTE_MS);
    store.aheadMs = 3 * MINUTE_MS - 5 * HOUR_MS;
    await clock.compare();
    expect(clock.join(told(5))).toBeNull();
    expect([passedMs(), clock.storeBehindMs]).toEqual([3 * MINUTE_MS, 5 * HOUR_MS]);
  });

  test("follows a store's clock that runs slower, also after a week without it", async () => {
    const { machine, clock, store, passedMs } = shared();
    await clock.compare();
    const weekMs = 7 * 24 * HOUR_MS;
    await machine.advance(weekMs);
    store.aheadMs = -60_000;
    await clock.compare();
    expect([passedMs(), clock.storeBehindMs]).toEqual([weekMs - 60_000, 0]);
  });

  test("is never told to be less behind than this node knows it to be", async () => {
    const { clock, store } = shared();
    await clock.compare();
    store.aheadMs = -HOUR_MS;
    await clock.compare();
    expect([clock.join(told(1)), clock.join(told(0)), clock.storeBehindMs]).toEqual([null, HOUR_MS, HOUR_MS]);
  });

  test("is at least that of what others wrote, and whatever was received until then is in doubt", async () => {
    const { clock, passedMs } = shared();
    await clock.compare();
    clock.atLeast(START_MS + clockSkewMs);
    expect([passedMs(), clock.doubtfulUntilMs]).toEqual([0, Number.NEGATIVE_INFINITY]);
    clock.atLeast(START_MS + HOUR_MS);
    expect([passedMs(), clock.doubtfulUntilMs - START_MS]).toEqual([HOUR_MS + 1, HOUR_MS]);
    expect(clock.storeBehindMs).toBe(HOUR_MS + 1);
  });

  test("is not held against the store where it was this node that slept: others wrote meanwhile", async () => {
    const { clock, machine, passedMs } = shared();
    await clock.compare();
    machine.leap(10 * MINUTE_MS);
    clock.atLeast(START_MS + 5 * MINUTE_MS);
    expect([clock.storeBehindMs, clock.doubtfulUntilMs]).toEqual([0, Number.NEGATIVE_INFINITY]);
    clock.atLeast(START_MS + HOUR_MS);
    expect(clock.storeBehindMs).toBe(50 * MINUTE_MS + 1);
    expect(passedMs()).toBe(50 * MINUTE_MS + 1);
  });

  test("is not known for leases where one of the clocks was set since they were looked at", async () => {
    const { clock, machine, store } = shared();
    await clock.compare();
    const asked = () => clock.leaseNowMs(START_MS + machine.monotonicMs() + store.aheadMs);
    expect(asked()).toEqual({ leaseNowMs: START_MS, isKnown: true });
    store.aheadMs = -HOUR_MS;
    expect(asked().isKnown).toBe(false);
    await clock.compare();
    expect(asked()).toEqual({ leaseNowMs: START_MS, isKnown: true });
    machine.leap(HOUR_MS);
    expect(asked().isKnown).toBe(false);
  });
});
