import { POINTS, type Point } from "@evergrant/keeper";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordOutcomes } from "./kit/figures.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

recordOutcomes("kill-points");

// One world lives through all of them, one crash after the other, as an unlucky machine would.
let world: World;

beforeAll(async () => {
  world = await aWorld({ policy: "scaled" });
  await world.connected();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

describe("the process is killed inside a refresh", () => {
  test.each(POINTS)("at %s, and after a restart the connection is alive", async (point) => {
    // Not far past the moment of the refresh: on a slow machine the restart itself takes a good part of the grace.
    await diesAt(point, "refresh", () => world.advance("41s").then(() => world.askToken()));
    expect(await world.organisation(await eventualToken())).toEqual({ status: 200, name: DEMO_COMPANY });
    for (let cycle = 0; cycle < 3; cycle += 1) {
      await world.advance("61s");
      await eventualToken();
    }
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });
});

describe("the process is killed inside a client-credentials request of a Custom Connection", () => {
  test.each(POINTS)("at %s, and after a restart the caller gets a token", async (point) => {
    if (point === POINTS[0]) await world.customConnection("machine");
    await diesAt(point, "client-credentials", () => world.advance("61s").then(() => world.askToken("machine")));
    const token = await eventualToken("machine");
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
  });
});

describe("the process is killed inside the exchange of an authorization code", () => {
  test.each(POINTS)("at %s: connected after the restart, or plainly not, and a new link works", async (point) => {
    const name = `killed-at-${point}`;
    const { email, organisation } = world.aPerson(name);
    await world.connection(name);
    await world.permit([name]);
    const { url } = await world.link(name);
    await diesAt(point, "code", () => world.consents(url, email, organisation));
    const isDurable = POINTS.indexOf(point) >= POINTS.indexOf("journaled");
    expect((await world.status(name)).status).toBe(isDurable ? "connected" : "awaiting-consent");
    if (!isDurable) await world.consents((await world.link(name)).url, email, organisation);
    expect(await world.organisation(await eventualToken(name))).toEqual({ status: 200, name: organisation });
  });
});

async function diesAt(point: Point, subject: string, doing: () => Promise<unknown>): Promise<void> {
  const { node } = world;
  await node.arm({ point, subject });
  await Promise.race([node.ended, doing().catch(() => undefined)]);
  await Promise.race([node.ended, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
  expect(await Promise.race([node.ended, "alive"])).toBe("SIGKILL");
  await world.start();
}

// Until the lease of the dead process has run out, the answer is an honest "not yet".
async function eventualToken(connection = "acme") {
  for (let tries = 0; tries < 10; tries += 1) {
    const { status, body } = await world.askToken(connection);
    if (status === 200) return body;
    expect(status).toBe(503);
    await world.advance("2s");
  }
  throw new Error(`no token: ${JSON.stringify(await world.story(connection))}`);
}
