import { describe, expect, test } from "vitest";
import { aWorld } from "./kit/world.ts";

const LOST = {
  endpoint: "token",
  grantType: "refresh_token",
  point: "after-commit-before-headers",
  action: { kind: "drop" },
} as const;

describe("the provider commits the rotation and the connection drops", () => {
  const ways = (["same", "sibling", "supersede"] as const).flatMap((retry) =>
    (["never", "successor-used"] as const).map((closesWhen) => ({ retry, closesWhen })),
  );

  test.each(ways)(
    "nothing is lost where a repeat gives $retry and the grace closes $closesWhen",
    async ({ retry, closesWhen }) => {
      await using world = await aWorld({ switches: { "grace.retry": retry, "grace.closes_when": closesWhen } });
      await world.connected();
      world.sandbox.control.placeFault(LOST);
      await world.advance("31m");
      const token = await world.token();
      expect(await world.organisation(token)).toEqual({ status: 200, name: "Demo Company (NZ)" });
      for (let hour = 0; hour < 3; hour += 1) {
        await world.advance("1h");
        await world.token();
      }
      expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
      expect((await world.status()).status).toBe("connected");
    },
  );

  test.each([
    { "grace.depth": "parent-only" },
    { after_grace: "revoke-family" },
    { "grace.anchor": "last-use" },
    {
      "grace.depth": "parent-only",
      after_grace: "revoke-family",
      "grace.retry": "supersede",
      "grace.closes_when": "successor-used",
    },
  ] as const)("nothing is lost where Xero, unknown to us, has %o", async (switches) => {
    await using world = await aWorld({ switches });
    await world.connected();
    for (let round = 0; round < 3; round += 1) {
      world.sandbox.control.placeFault(LOST);
      await world.advance("31m");
      expect(await world.organisation(await world.token())).toMatchObject({ status: 200 });
      await world.advance("3h");
    }
    expect(world.refreshes().filter(({ committed, fault }) => committed && fault !== null)).toHaveLength(3);
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("I2 durable knowledge: nothing is lost when the answer is lost again and again, on a schedule that nobody waits for", async () => {
    await using world = await aWorld({
      switches: { "grace.retry": "supersede", "grace.closes_when": "successor-used" },
    });
    await world.connected();
    world.sandbox.control.placeFault({ ...LOST, times: 4 });
    await world.advance("8d");
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    expect(world.refreshes().filter((request) => request.fault !== null)).toHaveLength(4);
    expect(await world.organisation(await world.token())).toMatchObject({ status: 200 });
  });

  test.each([false, true])("a second consent that ends the first chain (%s) costs no connection", async (kills) => {
    await using world = await aWorld({ switches: { second_consent_kills_first: kills } });
    await world.connected();
    await world.connection("acme-too");
    const { url } = await world.link("acme-too");
    await world.consents(url, "jane@demo.example", "Maple Florists (AU)");
    expect(await world.status("acme-too")).toMatchObject({ status: "connected", sharedWith: ["acme"] });
    await world.advance("31m");
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: "Demo Company (NZ)" });
    await world.advance("8d");
    expect(await world.status("acme")).toMatchObject({ status: "connected" });
    expect(await world.organisation(await world.token())).toMatchObject({ status: 200 });
  });

  test("with a provider that gives no grace it is told as what it is: lost, and a person is needed", async () => {
    await using world = await aWorld({ dialect: "strict" });
    await world.connected();
    world.sandbox.control.placeFault(LOST);
    await world.advance("31m");
    expect((await world.askToken()).status).toBe(503);
    await world.advance("30m");
    expect(await world.askToken()).toMatchObject({
      status: 400,
      body: { error: "consent_required", code: "consent_required" },
    });
    expect(world.sandbox.control.verify().lostGrants).toHaveLength(1);
    const story = await world.story();
    expect(story.summary).toContain("consent again");
    expect(story.events.map(({ event }) => event)).toContain("declared-lost");
  });
});
