import { expect, test } from "vitest";
import type { Plan } from "../plan/plan.ts";
import { keeperContender } from "./keeper-process.ts";
import { World } from "./world.ts";

const MINUTE_MS = 60_000;

test("a machine that is stopped in the middle of a send is away from then on until it goes on", async () => {
  const plan: Plan = {
    ...{ seed: 3, mode: "same", lives: "xero", nodes: 1, connections: 2, hot: 1, pace: "lively" },
    ...{ chaosMs: 60 * MINUTE_MS, skewMs: 0, rates: {}, faults: [] },
  };
  const world = new World(plan, (own) => keeperContender({ mode: own.mode, lives: plan.lives, looking: own.looking }));
  await world.setUp();
  const pauses: { readonly atMs: number; readonly forMs: number }[] = [];
  const noted: { readonly atMs: number; readonly isGood: boolean }[] = [];
  world.history.watch(["paused"], ({ atMs, forMs }) => pauses.push({ atMs, forMs }));
  world.onAvailability = () => noted.push({ atMs: world.clock.nowMs, isGood: world.isAllGood });
  world.rates = { "pause-in-send": 1 };
  const [seat] = world.seats;
  const [party] = world.parties;
  await world.clock.runUntil(world.clock.nowMs + 40 * MINUTE_MS);
  seat?.process?.ask(party?.connection ?? "").catch(() => undefined);
  await world.clock.runUntil(world.clock.nowMs + 20 * MINUTE_MS);
  const [pause] = pauses;
  if (pause === undefined) throw new Error("nothing was stopped");
  expect(noted.slice(0, 2)).toEqual([
    { atMs: pause.atMs, isGood: false },
    { atMs: pause.atMs + pause.forMs, isGood: true },
  ]);
});
