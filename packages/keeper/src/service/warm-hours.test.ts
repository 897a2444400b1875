import { describe, expect, test } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";

const MINUTE_MS = 60_000;

describe("warm hours", () => {
  const HOUR_MS = 60 * MINUTE_MS;
  const at = (world: KeeperWorld, text: string) => world.time.advance(Date.parse(text) - world.time.wallMs());
  /** The next day, two in the morning in Auckland, as UTC. */
  const jobAt = (world: KeeperWorld) => {
    const day = new Date(world.time.wallMs() + 2 * 24 * HOUR_MS).toISOString().slice(0, 10);
    return `${day}T02:00:00Z`;
  };
  const nightly = { kind: "cron", cron: "0 2 * * *", zone: "UTC" } as const;

  test("a nightly job finds a fresh token in memory, while the provider does not answer", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    expect(await world.keeper.connections.byName("acme")).toMatchObject({ warm: nightly });
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    // No night but those gone by was prepared for.
    expect(before).toBeLessThanOrEqual(3);
    world.provider.script = Array.from({ length: 9 }, () => ({ kind: "lose" }) as const);
    const token = await world.token();
    expect(token.expiresInMs).toBeGreaterThan(15 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(before);
  });

  test("without them the same job waits for a refresh, and so it does once they are ended", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    await world.keeper.connections.setWarm("acme", null, "operator");
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    await world.token();
    expect(world.refreshes()).toHaveLength(before + 1);
    expect((await world.keeper.connections.byName("acme")).warm).toEqual({ kind: "idle" });
  });

  test("always: there is a token at any hour", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", { kind: "always" }, "operator");
    for (let hour = 0; hour < 12; hour += 1) {
      await world.time.advance(HOUR_MS + 7 * MINUTE_MS);
      await world.time.settle();
      const before = world.refreshes().length;
      await world.token();
      expect(world.refreshes()).toHaveLength(before);
    }
  });

  test("they survive a restart, and rest while the connection is disabled", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    await world.keeper.connections.setDisabled("acme", true, "operator");
    await world.start();
    await at(world, jobAt(world));
    expect(world.refreshes().length).toBe(0);
    await world.keeper.connections.setDisabled("acme", false, "operator");
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    expect(before).toBeGreaterThan(0);
    await world.token();
    expect(world.refreshes()).toHaveLength(before);
  });

  test("what cannot be read is refused in words", async () => {
    const world = await new KeeperWorld().connected();
    const set = (cron: string, zone = "UTC") =>
      world.keeper.connections.setWarm("acme", { kind: "cron", cron, zone }, "operator");
    expect(await refusal(set("0 25 * * *"))).toBe("warm_hours_invalid");
    expect(await refusal(set("0 2 * * *", "Nowhere"))).toBe("warm_hours_invalid");
  });
});
