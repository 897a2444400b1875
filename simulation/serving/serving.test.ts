import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DOING_NAMES, DOINGS, type DoingName, does } from "./doings.ts";
import { ServingWorld } from "./serving-world.ts";

const REQUESTS = 1_000_000;
const BATCH = 500;

function drawn(world: ServingWorld): DoingName {
  const sum = DOING_NAMES.reduce((total, name) => total + DOINGS[name][0], 0);
  let left = world.chance.draw() * sum;
  for (const name of DOING_NAMES) {
    left -= DOINGS[name][0];
    if (left < 0) return name;
  }
  return "time passes";
}

describe("I7 right token: over shared grants, connections that change hands, re-consents and names given again", () => {
  test(`${REQUESTS} requests: not one is answered with a token of another grant than the asked connection's`, {
    timeout: 15 * 60_000,
  }, async () => {
    const world = await ServingWorld.of(1, "supersede");
    const done: Partial<Record<DoingName, number>> = {};
    while (world.told.requests < REQUESTS) {
      const name = drawn(world);
      if (await does(world, name)) done[name] = (done[name] ?? 0) + 1;
      await world.requests(BATCH);
    }
    const { served, foreign } = world.told;
    expect(foreign.slice(0, 5)).toEqual([]);
    // What was never tried, or never answered, proves nothing.
    expect(served).toBeGreaterThan(REQUESTS / 5);
    for (const name of DOING_NAMES.filter((each) => each !== "callback in another browser"))
      expect(done[name] ?? 0, name).toBeGreaterThan(10);
  });

  test("holds for any order of doings", { timeout: 5 * 60_000 }, async () => {
    const anything = fc.array(fc.constantFrom(...DOING_NAMES), { minLength: 5, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), anything, async (seed, doings) => {
        const world = await ServingWorld.of(seed, "supersede");
        await does(world, "consent");
        await does(world, "permissions set");
        for (const name of doings) {
          await does(world, name);
          await world.requests(30);
        }
        expect(world.told.foreign).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
