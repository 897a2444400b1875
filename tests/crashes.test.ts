import { POINTS } from "@evergrant/keeper";
import { describe, expect, test } from "vitest";
import { recordOutcomes } from "./kit/figures.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

recordOutcomes("kill-points");

describe("the process is killed inside a refresh", () => {
  test.each(POINTS)("at %s, and after a restart the connection is alive", async (point) => {
    await using world = await aWorld({ policy: "scaled" });
    await world.connected();
    await world.stop();
    await world.start({ point, subject: "refresh" });
    await diesOn(world, () => world.advance("61s").then(() => world.askToken()));
    await world.start();
    expect(await world.organisation(await eventualToken(world))).toEqual({ status: 200, name: DEMO_COMPANY });
    for (let cycle = 0; cycle < 3; cycle += 1) {
      await world.advance("61s");
      await eventualToken(world);
    }
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });
});

describe("the process is killed inside the exchange of an authorization code", () => {
  test.each(POINTS)("at %s: connected after the restart, or plainly not, and a new link works", async (point) => {
    await using world = await aWorld({ policy: "scaled" });
    await world.start();
    const { url } = await world.setUp();
    await world.stop();
    await world.start({ point, subject: "code" });
    await diesOn(world, () => world.consents(url, "jane@demo.example", DEMO_COMPANY));
    await world.start();
    const durable = POINTS.indexOf(point) >= POINTS.indexOf("journaled");
    expect((await world.status()).status).toBe(durable ? "connected" : "awaiting-consent");
    if (!durable) await world.consents((await world.link("acme")).url, "jane@demo.example", DEMO_COMPANY);
    expect(await world.organisation(await eventualToken(world))).toEqual({ status: 200, name: DEMO_COMPANY });
  });
});

describe("the process is killed inside a client-credentials request of a Custom Connection", () => {
  test.each(POINTS)("at %s, and after a restart the caller gets a token", async (point) => {
    await using world = await aWorld({ policy: "scaled" });
    await world.start();
    await world.setUp();
    await world.customConnection("machine");
    await world.stop();
    await world.start({ point, subject: "client-credentials" });
    await diesOn(world, () => world.askToken("machine"));
    await world.start();
    expect(await world.organisation(await eventualToken(world, "machine"))).toEqual({
      status: 200,
      name: DEMO_COMPANY,
    });
  });
});

async function diesOn(world: World, doing: () => Promise<unknown>): Promise<void> {
  const { node } = world;
  await Promise.race([node.ended, doing().catch(() => undefined)]);
  await Promise.race([node.ended, new Promise((resolve) => setTimeout(resolve, 10_000))]);
  expect(await Promise.race([node.ended, "alive"])).toBe("SIGKILL");
}

// Until the lease of the dead process has run out, the answer is an honest "not yet".
async function eventualToken(world: World, connection = "acme") {
  for (let tries = 0; tries < 10; tries += 1) {
    const { status, body } = await world.askToken(connection);
    if (status === 200) return body;
    expect(status).toBe(503);
    await world.advance("2s");
  }
  throw new Error(`no token: ${JSON.stringify(await world.story())}`);
}
