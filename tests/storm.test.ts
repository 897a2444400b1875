import { expect, test } from "vitest";
import { aWorld } from "./kit/world.ts";

test("I15 stampede: 200 callers at the moment of expiry make exactly one refresh", async () => {
  await using world = await aWorld();
  await world.connected();
  await world.stop();
  await world.advance("31m");
  await world.start();
  const before = world.refreshes().length;
  const answers = await Promise.all(Array.from({ length: 200 }, () => world.askToken()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
  expect(world.refreshes().slice(before)).toHaveLength(1);
});
