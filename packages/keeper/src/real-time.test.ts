import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Time } from "./ports/time.ts";
import { followedTime, realChance, realTime } from "./real-time.ts";

const DAY_MS = 24 * 60 * 60_000;

describe("real time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("waits longer than a timer of the platform can", () => {
    const fired = vi.fn();
    realTime().setTimer(61 * DAY_MS, fired);
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(DAY_MS + 1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fires what is already due soon, and never what was cancelled", () => {
    const [due, cancelled, longCancelled] = [vi.fn(), vi.fn(), vi.fn()];
    realTime().setTimer(-5, due);
    realTime().setTimer(10, cancelled).cancel();
    const long = realTime().setTimer(61 * DAY_MS, longCancelled);
    vi.advanceTimersByTime(40 * DAY_MS);
    long.cancel();
    vi.advanceTimersByTime(40 * DAY_MS);
    expect(due).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
    expect(longCancelled).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("real chance", () => {
  it("draws within its bounds, and bytes as many as asked, never the same", () => {
    const chance = realChance();
    const draws = Array.from({ length: 1_000 }, () => chance.draw());
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    expect(chance.bytes(32)).toHaveLength(32);
    expect(Buffer.from(chance.bytes(32)).equals(chance.bytes(32))).toBe(false);
  });
});

describe("followed time", () => {
  it("moves both clocks by the offset, forward only", () => {
    const base = movedTime();
    const followed = followedTime(base.time);
    const [wall, monotonic] = [followed.wallMs(), followed.monotonicMs()];
    followed.setOffsetMs(61 * DAY_MS);
    followed.setOffsetMs(5);
    followed.setOffsetMs(Number.NaN);
    expect(followed.wallMs() - wall).toBe(61 * DAY_MS);
    expect(followed.monotonicMs() - monotonic).toBe(61 * DAY_MS);
  });

  it("fires timers when followed time reaches them, by a move or by the passing of time, in their order", () => {
    const base = movedTime();
    const followed = followedTime(base.time);
    const fired: string[] = [];
    followed.setTimer(3 * DAY_MS, () => fired.push("later"));
    followed.setTimer(2 * DAY_MS, () => fired.push("sooner"));
    followed.setTimer(9 * DAY_MS, () => fired.push("much later"));
    followed.setTimer(1_000, () => fired.push("soon"));
    followed.setTimer(2_000, () => fired.push("cancelled")).cancel();
    base.pass(1_000);
    expect(fired).toEqual(["soon"]);
    followed.setOffsetMs(4 * DAY_MS);
    base.pass(0);
    expect(fired).toEqual(["soon", "sooner", "later"]);
    base.pass(5 * DAY_MS);
    expect(fired).toEqual(["soon", "sooner", "later", "much later"]);
  });

  it("says when its next timer is due, on the followed wall clock", () => {
    const base = movedTime();
    const followed = followedTime(base.time);
    expect(followed.nextTimerMs()).toBeNull();
    followed.setOffsetMs(DAY_MS);
    const timer = followed.setTimer(5_000, () => {});
    followed.setTimer(9_000, () => {});
    base.pass(1_000);
    expect(followed.nextTimerMs()).toBe(followed.wallMs() + 4_000);
    timer.cancel();
    expect(followed.nextTimerMs()).toBe(followed.wallMs() + 8_000);
  });
});

/** A clock that stands until it is told to pass. */
function movedTime(): { time: Time; pass(ms: number): void } {
  let nowMs = 1_000_000;
  let order = 0;
  const timers = new Set<{ atMs: number; order: number; fire: () => void }>();
  return {
    time: {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs - 900_000,
      setTimer: (delayMs, fire) => {
        order += 1;
        const timer = { atMs: nowMs + delayMs, order, fire };
        timers.add(timer);
        return { cancel: () => timers.delete(timer) };
      },
    },
    pass(ms) {
      nowMs += ms;
      const due = [...timers].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      for (const timer of due) {
        timers.delete(timer);
        timer.fire();
      }
    },
  };
}
