import { expect, test } from "vitest";
import { Availability } from "./availability.ts";

/** Two nodes on a clock that is moved. */
function twoNodes() {
  const clock = { nowMs: 0 };
  return { clock, availability: new Availability(2, () => clock.nowMs) };
}

test("two nodes that are up in turns are never both away, and neither was able for long", () => {
  const { clock, availability } = twoNodes();
  for (const [atMs, node, has] of [
    [0, 1, false],
    [1_000, 1, true],
    [1_500, 0, false],
    [3_000, 0, true],
    [3_500, 1, false],
  ] as const) {
    clock.nowMs = atMs;
    availability.set(node, "process", has);
  }
  clock.nowMs = 5_000;
  expect(availability.longestUnableMs()).toBe(0);
  expect(availability.longestAbleMs(0, 5_000)).toBe(2_500);
  expect(availability.longestAbleMs(1_500, 4_000)).toBe(2_000);
});

test("a node is able only while it lacks nothing, and a store that is away takes all of them away", () => {
  const { clock, availability } = twoNodes();
  availability.set(1, "way to the store", false);
  clock.nowMs = 1_000;
  availability.set("all", "store", false);
  clock.nowMs = 3_000;
  availability.set("all", "store", true);
  clock.nowMs = 4_000;
  expect(availability.longestUnableMs()).toBe(2_000);
  expect(availability.longestAbleMs(0, 4_000)).toBe(1_000);
  expect(availability.longestAbleMs(1_200, 2_800)).toBe(0);
});
