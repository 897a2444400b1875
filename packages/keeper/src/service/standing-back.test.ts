import { DEFAULT_LIMITS, type NodeId, standBackStepMs } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";

const HOUR_MS = 60 * 60_000;
const STEP_MS = 500;
const { callerWaitMs } = DEFAULT_LIMITS;
const BACK_MS = standBackStepMs(DEFAULT_LIMITS);

/** A cold connection that was asked for, and whose answer was lost; nothing that follows is answered either. */
async function owing(world: KeeperWorld): Promise<KeeperWorld> {
  await world.connected();
  await world.time.advance(2 * HOUR_MS);
  world.provider.script = Array.from({ length: 100 }, () => ({ kind: "lose" as const }));
  const asked = refusal(world.token());
  await world.time.advance(callerWaitMs);
  expect(await asked).not.toBe("no refusal");
  return world;
}

function ofTwo(): KeeperWorld {
  const world = new KeeperWorld();
  world.others = true;
  return world;
}

const isDue = async ({ memory, time }: KeeperWorld) => (await memory.grants.due(time.wallMs(), 1)).length > 0;

async function passed(world: KeeperWorld, until: () => boolean | Promise<boolean>): Promise<number> {
  for (let passedMs = 0; passedMs < HOUR_MS; passedMs += STEP_MS) {
    if (await until()) return passedMs;
    await world.time.advance(STEP_MS);
  }
  throw new Error("it never came");
}

describe("a node that comes back, and owes what the others hold past its grace", () => {
  test("asks for it by itself, and does not leave it for a day", async () => {
    const world = await owing(ofTwo());
    const { grants } = world.database.storeOf("node-2" as NodeId);
    await world.stop();
    await world.time.advance(HOUR_MS);
    await grants.claimDue(world.time.wallMs(), 10, world.time.wallMs() + DEFAULT_LIMITS.pastGraceHoldMs);
    const before = world.refreshes().length;
    await world.start();
    await world.time.advance(STEP_MS);
    expect(world.refreshes()).toHaveLength(before + 1);
  });
});

describe("a node whose request got no answer", () => {
  test("leaves what it owes to another node, however many callers ask here", async () => {
    const world = await owing(ofTwo());
    await passed(world, () => isDue(world));
    for (let askedMs = 0; askedMs < BACK_MS - STEP_MS; askedMs += STEP_MS) {
      void refusal(world.token());
      await world.time.advance(STEP_MS);
    }
    expect(world.refreshes()).toHaveLength(1);
    const { grants } = world.database.storeOf("node-2" as NodeId);
    expect((await grants.claimDue(world.time.wallMs(), 10, HOUR_MS)).grants).toHaveLength(1);
  });

  test("asks again a moment later where no other does", async () => {
    const world = await owing(ofTwo());
    expect(world.refreshes()).toHaveLength(1);
    await passed(world, () => isDue(world));
    expect(await passed(world, () => world.refreshes().length === 2)).toBeLessThanOrEqual(BACK_MS + STEP_MS);
  });

  test("asks at once for what the others hold past its grace, as none of them will", async () => {
    const world = await owing(ofTwo());
    const { grants } = world.database.storeOf("node-2" as NodeId);
    await passed(world, () => isDue(world));
    // So does a node whose plan says that it has to hold what another owes.
    await grants.claimDue(world.time.wallMs(), 10, world.time.wallMs() + DEFAULT_LIMITS.pastGraceHoldMs);
    await world.time.advance(STEP_MS);
    const before = world.refreshes().length;
    void refusal(world.token());
    await world.time.advance(STEP_MS);
    expect(world.refreshes()).toHaveLength(before + 1);
  });

  test("waits for no others where there are none", async () => {
    const world = await owing(new KeeperWorld());
    expect(world.refreshes().length).toBeGreaterThan(1);
  });

  test("takes its share again once it was answered", async () => {
    const world = await owing(ofTwo());
    world.provider.script = [];
    await passed(world, () => world.refreshes().length === 2);
    await world.keeper.connections.setWarm("acme", { kind: "always" }, "operator");
    await passed(world, () => world.refreshes().length === 4);
    expect(await isDue(world)).toBe(false);
  });
});
