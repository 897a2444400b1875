import { describe, expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";

const MINUTE_MS = 60_000;

/** A connected world whose node can start no refresh any more. */
async function anIllWorld(): Promise<KeeperWorld> {
  const world = await new KeeperWorld().connected();
  world.journal.full = true;
  world.refreshHealth = { refreshing: false, detail: "the journal cannot be written" };
  return world;
}

const serving = async ({ keeper }: KeeperWorld): Promise<boolean> => (await keeper.health()).serving;

describe("a node serves", () => {
  test("while it can have new tokens, although it holds none", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(60 * MINUTE_MS);
    expect(await world.keeper.health()).toEqual({ serving: true, refreshing: true, detail: null });
  });

  test("while it can have none, for as long as one of its tokens is good, and no longer", async () => {
    const world = await anIllWorld();
    expect(await world.keeper.health()).toEqual({ serving: true, ...world.refreshHealth });
    await world.time.advance(28 * MINUTE_MS);
    expect([await serving(world), (await world.token()).expiresInMs > 0]).toEqual([true, true]);
    await world.time.advance(3 * MINUTE_MS);
    expect(await serving(world)).toBe(false);
  });

  test("what lies in the store alone after a start", async () => {
    const world = await anIllWorld();
    await world.start();
    expect(await serving(world)).toBe(true);
    expect(world.provider.requests).toHaveLength(1);
  });

  test("nothing where all that it holds may not be handed out", async () => {
    const world = await anIllWorld();
    await world.keeper.connections.setDisabled("acme", true, "operator");
    expect(await serving(world)).toBe(false);
    await world.keeper.connections.setDisabled("acme", false, "operator");
    await world.time.advance(MINUTE_MS);
    expect(await serving(world)).toBe(true);
  });

  test("nothing after a start while the store is away; it is asked anew after a few seconds, however many ask", async () => {
    const world = await anIllWorld();
    await world.start();
    world.storeDown = true;
    expect(await Promise.all([serving(world), serving(world), serving(world)])).toEqual([false, false, false]);
    world.storeDown = false;
    expect(await serving(world)).toBe(false);
    await world.time.advance(6_000);
    expect(await serving(world)).toBe(true);
  });
});
