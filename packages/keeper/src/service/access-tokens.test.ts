import { DEFAULT_LIMITS } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";
import { json, TENANT } from "../testing/scripted-provider.ts";

const MINUTE_MS = 60_000;

describe("a token is handed out", () => {
  test("from memory while it is fresh, and refreshed behind while it is stale", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    await world.time.advance(19 * MINUTE_MS);
    expect((await world.token()).accessToken.reveal()).toBe(first.accessToken.reveal());
    await world.time.advance(2 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(1);
    expect((await world.token()).accessToken.reveal()).not.toBe(first.accessToken.reveal());
  });

  test("I15 stampede: to a hundred waiting callers by one refresh", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    const before = world.refreshes().length;
    const tokens = await Promise.all(Array.from({ length: 100 }, () => world.token()));
    expect(new Set(tokens.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
    expect(world.refreshes().length - before).toBe(1);
  });

  test("to a caller who waits, although the first answer was lost: the same refresh token is sent again", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "lose" }];
    const before = world.refreshes().length;
    await world.token();
    const [first, second] = world.refreshes().slice(before);
    expect(first).toBe(second);
  });

  test("for no longer than a caller wants to wait", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = Array.from(
      { length: 9 },
      () => ({ kind: "instead", ending: json(502, "bad gateway") }) as const,
    );
    const refused = refusal(world.token());
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs);
    expect(await refused).toBe("provider_unreachable");
  });

  test("I7 right token: never for a connection that was disabled or removed", async () => {
    const world = await new KeeperWorld().connected();
    const id = world.connection;
    await world.keeper.connections.setDisabled("acme", true, "operator");
    expect(await refusal(world.token())).toBe("connection_disabled");
    await world.keeper.connections.setDisabled("acme", false, "operator");
    expect(await world.keeper.connections.remove("acme", "operator")).toEqual({
      disconnected: [TENANT.name],
      remaining: [],
      grantRevoked: true,
    });
    expect(world.provider.revoked).toEqual(["refresh-canary-1"]);
    expect(await refusal(world.keeper.tokens.accessToken(id))).toBe("connection_not_available");
  });
});

describe("I7 right token: a machine whose clock is set wrong", () => {
  const HOUR_MS = 60 * MINUTE_MS;
  const lifeMs = 30 * MINUTE_MS;

  test.each([5, -5])("and right again (by %i h and back) hands out no token beyond its life", async (hours) => {
    const world = await new KeeperWorld().connected();
    for (const leapMs of [hours * HOUR_MS, -hours * HOUR_MS]) {
      world.time.leap(leapMs);
      for (let passedMs = 0; passedMs < 2 * lifeMs; passedMs += 10 * MINUTE_MS) {
        expect((await world.token()).expiresInMs).toBeLessThanOrEqual(lifeMs);
        const issuedMs = world.provider.issuedAtMs((await world.token()).accessToken);
        expect(world.time.monotonicMs() - issuedMs).toBeLessThan(lifeMs);
        await world.time.advance(10 * MINUTE_MS);
      }
    }
  });

  test.each(["alone", "beside others"])(
    "in the middle of a refresh (%s) does not make its token live longer",
    async (where) => {
      const world = new KeeperWorld();
      world.others = where === "beside others";
      await world.connected();
      await world.time.advance(lifeMs + MINUTE_MS);
      // Once it is sure what time it is, and before it counts from it.
      let loads = 0;
      world.onLoad = () => {
        loads += 1;
        if (loads === 2) world.time.leap(5 * HOUR_MS);
      };
      expect((await world.token()).expiresInMs).toBeLessThanOrEqual(lifeMs);
      world.time.leap(-5 * HOUR_MS);
      await world.time.advance(lifeMs + MINUTE_MS);
      const { accessToken } = await world.token();
      expect(world.time.monotonicMs() - world.provider.issuedAtMs(accessToken)).toBeLessThan(lifeMs);
    },
  );

  test("between an intent and its request lets nothing be sent until it was looked at", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(lifeMs + MINUTE_MS);
    const sent = world.refreshes().length;
    const seen: string[] = [];
    world.reachedPoint = (point) => {
      if (seen.length === 1) world.time.leap(5 * HOUR_MS);
      seen.push(point);
    };
    await world.token();
    expect(seen.slice(0, 4)).toEqual(["intent-written", "intent-journaled", "settled", "settle-acknowledged"]);
    expect(world.refreshes()).toHaveLength(sent + 1);
  });

  test("while the process is away: what the store holds is renewed, as nobody knows how old it is", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    await world.time.advance(20 * MINUTE_MS);
    world.time.leap(-HOUR_MS);
    await world.start();
    expect((await world.token()).accessToken.reveal()).not.toBe(first.accessToken.reveal());
    expect(world.refreshes().length).toBeGreaterThan(0);
  });
});
