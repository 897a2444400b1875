import { realTime } from "@evergrant/keeper";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseClockLine } from "./clock-stream.ts";
import { type FollowedClock, followClock } from "./follow-clock.ts";
import { type FakeClock, fakeClock } from "./testing/fake-clock.ts";

const DAY_MS = 86_400_000;

async function following(clock: FakeClock): Promise<FollowedClock & Disposable> {
  const followed = await followClock(clock.controlUrl, { base: realTime() });
  return Object.assign(followed, { [Symbol.dispose]: () => followed.close() });
}

describe("following a clock", () => {
  test("begins with the first offset already applied", async () => {
    await using clock = await fakeClock(61 * DAY_MS);
    using followed = await following(clock);
    const aheadMs = followed.time.wallMs() - realTime().wallMs();
    expect(Math.abs(aheadMs - 61 * DAY_MS)).toBeLessThan(60_000);
  });

  test("reports no rest before it knows who rests", async () => {
    await using clock = await fakeClock(0);
    using followed = await following(clock);
    await clock.reported(({ clockId }) => clockId === 1);
    expect(clock.reports.every(({ idle }) => !idle)).toBe(true);
    followed.watch({ isIdle: () => true });
    expect(await clock.reported(({ idle }) => idle)).toMatchObject({ clockId: 1, nextDueMs: null });
  });

  test("reports when it has something to do next", async () => {
    await using clock = await fakeClock(DAY_MS);
    using followed = await following(clock);
    followed.watch({ isIdle: () => true });
    followed.time.setTimer(DAY_MS, () => {});
    const { nextDueMs } = await clock.reported((report) => report.nextDueMs !== null);
    expect(Math.abs((nextDueMs ?? 0) - (realTime().wallMs() + 2 * DAY_MS))).toBeLessThan(60_000);
  });

  test("a step fires what is due, and rest is reported only when the work that it began is done", async () => {
    await using clock = await fakeClock(0);
    using followed = await following(clock);
    const work = { running: false, fired: [] as string[] };
    followed.watch({ isIdle: () => !work.running });
    followed.time.setTimer(2 * DAY_MS, () => work.fired.push("second"));
    followed.time.setTimer(DAY_MS, () => {
      work.fired.push("first");
      work.running = true;
    });
    await clock.reported(({ idle, nextDueMs }) => idle && nextDueMs !== null);
    const step = clock.step(3 * DAY_MS);
    await clock.reported(({ clockId, idle }) => clockId === step && !idle);
    expect(work.fired).toEqual(["first", "second"]);
    expect(clock.reports.some(({ clockId, idle }) => clockId === step && idle)).toBe(false);
    work.running = false;
    followed.onIdle();
    expect(await clock.reported(({ clockId, idle }) => clockId === step && idle)).toMatchObject({ nextDueMs: null });
  });

  test("a clock that goes away leaves the last offset, and is found again", async () => {
    await using clock = await fakeClock(DAY_MS);
    using followed = await following(clock);
    followed.watch({ isIdle: () => true });
    clock.hangUp();
    const again = await clock.reported((report) => "follower" in report && report.follower === "follower-2");
    expect(again).toMatchObject({ idle: true });
    expect(followed.time.wallMs() - realTime().wallMs()).toBeGreaterThan(DAY_MS - 1_000);
    expect(clock.opened()).toBe(2);
  });

  test("passes over lines that it does not understand", async () => {
    await using clock = await fakeClock(0);
    using followed = await following(clock);
    followed.watch({ isIdle: () => true });
    clock.say('not json\n{"type":"other"}\n{"type":"clock","offsetMs":"1","id":9}\n\n');
    const step = clock.step(1_000);
    await clock.reported(({ clockId }) => clockId === step);
    expect(clock.opened()).toBe(1);
  });

  test.each(["http://clock.example/__sandbox", "https://localhost:4181/__sandbox", "file:///etc/passwd", "nonsense"])(
    "is refused off this machine: %s",
    async (url) => {
      await expect(followClock(url, { base: realTime() })).rejects.toMatchObject({ code: "follow_clock_refused" });
    },
  );

  test("is given up where nobody answers", async () => {
    const gone = await fakeClock(0);
    await gone[Symbol.asyncDispose]();
    const options = { base: realTime(), connectTimeoutMs: 50 };
    await expect(followClock(gone.controlUrl, options)).rejects.toMatchObject({ code: "follow_clock_refused" });
  });

  test("any text is a line or none, and never an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const line = parseClockLine(text);
        if (line !== null) expect(Number.isFinite(line.offsetMs)).toBe(true);
      }),
    );
  });
});
