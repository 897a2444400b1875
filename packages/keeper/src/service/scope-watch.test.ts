import { describe, expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";

const MINUTE_MS = 60_000;

const told = async (world: KeeperWorld) =>
  (await world.memory.audit.outbox(99)).flatMap(({ notice, facts }) =>
    notice === "scope-missing" ? [facts["missing"]] : [],
  );

/** Two refreshes, as callers bring them about. */
async function refreshedTwice(world: KeeperWorld): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    await world.time.advance(31 * MINUTE_MS);
    await world.token();
  }
}

describe("scopes that a renewed grant lacks", () => {
  test("are told once, and again when they are others", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.scope = "offline_access";
    await refreshedTwice(world);
    expect(await told(world)).toEqual(["accounting.settings"]);
    const wanted = ["accounting.settings", "accounting.contacts", "offline_access"];
    await world.keeper.apps.setScopes("app", wanted, "operator");
    await refreshedTwice(world);
    expect(await told(world)).toEqual(["accounting.settings", "accounting.settings accounting.contacts"]);
  });

  test("are none where the provider says nothing of scopes, or gave all", async () => {
    const world = await new KeeperWorld().connected();
    await refreshedTwice(world);
    world.provider.scope = "offline_access accounting.settings and.more";
    await refreshedTwice(world);
    expect(await told(world)).toEqual([]);
  });

  test("are told although the first transaction that said so came to nothing", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.scope = "offline_access";
    await world.time.advance(31 * MINUTE_MS);
    // Of the refresh: the intent is written before it, and its settle comes to nothing once.
    world.reachedPoint = (point) => {
      if (point === "journaled") world.rolledBack = true;
    };
    const served = world.token();
    await world.time.settle();
    await world.time.advance(MINUTE_MS);
    expect((await served).accessToken).toBeDefined();
    expect(world.refreshes()).toHaveLength(1);
    expect(await told(world)).toEqual(["accounting.settings"]);
  });
});
