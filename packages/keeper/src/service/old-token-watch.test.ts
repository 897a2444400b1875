import { DEFAULT_LIMITS } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";
import { apiAnswer } from "../testing/scripted-provider.ts";
import { digest } from "./digest.ts";

const MINUTE_MS = 60_000;

describe("what a refresh does to the access token before it, where the provider does not say", () => {
  const refreshed = async (world: KeeperWorld) => {
    await world.token();
    await world.time.advance(20 * MINUTE_MS);
    await world.token();
    await world.time.settle();
  };
  const promisedMs = async (world: KeeperWorld) => (await world.token()).expiresInMs;

  test("is seen once, at the first refresh, and tokens are promised accordingly from then on", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken.reveal();
    expect(await promisedMs(world)).toBe(30 * MINUTE_MS - DEFAULT_LIMITS.clockSkewMs);
    world.provider.probeAnswer = (token) => apiAnswer(token === first ? 401 : 200);
    await refreshed(world);
    expect(world.provider.probes).toBe(2);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("dies");
    // Stale waits now: what is handed out lasts until the next refresh may come.
    await world.time.advance(20 * MINUTE_MS);
    const before = world.refreshes().length;
    const token = await world.token();
    expect(token.expiresInMs).toBeGreaterThan(17 * MINUTE_MS);
    expect(token.expiresInMs).toBeLessThanOrEqual(18 * MINUTE_MS);
    await world.time.advance(token.expiresInMs - 1);
    expect(world.refreshes().length - before).toBeLessThanOrEqual(1);
    expect((await world.token()).accessToken.reveal()).toBe(token.accessToken.reveal());
    expect(world.provider.probes).toBe(2);
    await world.start();
    expect(await promisedMs(world)).toBeLessThanOrEqual(18 * MINUTE_MS);
  });

  test("may be nothing: then they live as long as they say", async () => {
    const world = await new KeeperWorld().connected();
    await refreshed(world);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("survives");
    expect(world.provider.probes).toBe(1);
    await refreshed(world);
    expect(world.provider.probes).toBe(1);
  });

  test.each([
    ["an API that refuses the new token too", () => apiAnswer(401)],
    ["an API that is down", () => apiAnswer(503)],
  ])("is not taken from %s, and asked about again an hour later", async (_what, answer) => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = answer;
    await refreshed(world);
    await refreshed(world);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBeUndefined();
    const { probes } = world.provider;
    world.provider.probeAnswer = () => apiAnswer(200);
    await refreshed(world);
    await refreshed(world);
    expect(world.provider.probes).toBe(probes + 1);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("survives");
  });

  test("is not taken from a token that the API had refused before the refresh", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    await world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(first) });
    await world.time.settle();
    expect(world.refreshes()).toHaveLength(1);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBeUndefined();
  });
});
