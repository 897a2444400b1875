import { expect, test } from "vitest";
import { MovableTime } from "../../../tests/kit/movable-time.ts";
import { createOutbound, type Duty } from "./outbound.ts";

/** A duty with instants at which it is due; each is done once, unless it fails. */
function aWorld(dueAtMs: readonly number[], failing: () => boolean = () => false) {
  const time = new MovableTime(0);
  const closing = new AbortController();
  let open = [...dueAtMs];
  const done: number[] = [];
  let tries = 0;
  const duty: Duty = {
    nextDueAtMs: () => open[0] ?? null,
    async carryOut() {
      tries += 1;
      await Promise.resolve();
      if (failing()) throw new Error("disk full");
      const [, ...rest] = open;
      open = rest;
      done.push(time.wallMs());
    },
  };
  const clock = { nowMs: () => time.wallMs(), offsetMs: () => 0, moveTo: () => undefined };
  const outbound = createOutbound({ clock, time, duties: [duty], closing: closing.signal });
  return { time, closing, outbound, done, tries: () => tries };
}

test("what is due is done at once, and what is due later by a timer, each at its instant", async () => {
  const { time, outbound, done } = aWorld([0, 0, 500, 90_000]);
  outbound.wake();
  await outbound.whenIdle();
  expect(done).toEqual([0, 0]);
  await time.advance(100_000);
  expect(done).toEqual([0, 0, 500, 90_000]);
  expect(outbound.nextDueAtMs()).toBeNull();
});

test("it is busy from the moment it is woken, so that nobody takes the calm before the work for its end", async () => {
  const { outbound, done } = aWorld([0]);
  outbound.wake();
  outbound.wake();
  const idle = outbound.whenIdle().then(() => done.length);
  expect(done).toEqual([]);
  expect(await idle).toBe(1);
});

test("a duty that cannot be written down is left until something happens, not tried without end", async () => {
  let failing = true;
  const { time, outbound, done, tries } = aWorld([0], () => failing);
  outbound.wake();
  await outbound.whenIdle();
  await time.advance(1_000_000);
  expect([tries(), done]).toEqual([1, []]);
  failing = false;
  outbound.wake();
  await outbound.whenIdle();
  expect(done).toHaveLength(1);
});

test("after the end nothing goes out any more", async () => {
  const { time, closing, outbound, tries } = aWorld([500]);
  outbound.wake();
  await outbound.whenIdle();
  closing.abort();
  outbound.wake();
  await time.advance(10_000);
  expect(tries()).toBe(0);
});
