import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { aCluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { startPostgres } from "./kit/postgres.ts";
import { LIVES } from "./kit/scaled-policy.ts";
import { DEMO_COMPANY } from "./kit/world.ts";

const LIFE_MS = LIVES.quick.accessSeconds * 1_000;

// Two and a half lives of a token, which is far longer than its grace as well.
const AWAY_MS = 2.5 * LIFE_MS;

test("the database is away for several lives of a token, from the middle of a refresh on: what was brought is settled later, nothing is lost", async () => {
  await using server = await startPostgres();
  await using cluster = await aCluster(server.url(), 2);
  const { world } = cluster;
  const answerWaits = { kind: "stall", ms: 500 } as const;
  world.sandbox.control.placeFault({
    endpoint: "token",
    grantType: "refresh_token",
    point: "after-commit-before-headers",
    action: answerWaits,
  });
  const first = (await cluster.ask(world.url)).body.access_token;
  await eventually(async () => {
    for (const url of cluster.urls) void cluster.ask(url).catch(() => undefined);
    expect(world.sandbox.control.faults()[0]?.hits).toBe(1);
  });
  await server.kill();
  const awaySinceMs = performance.now();

  // The answer came to one of them, and it serves what it brought, from memory, for as long as that lives.
  let serving = "";
  await eventually(async () => {
    const answers = await Promise.all(cluster.urls.map(async (url) => ({ url, ...(await cluster.ask(url)) })));
    const renewed = answers.find(({ status, body }) => status === 200 && body.access_token !== first);
    expect(renewed?.status).toBe(200);
    serving = renewed?.url ?? "";
  });
  const served = await cluster.ask(serving);
  expect(await world.organisation(served.body)).toEqual({ status: 200, name: DEMO_COMPANY });
  await pause(AWAY_MS - (performance.now() - awaySinceMs));
  for (const url of cluster.urls) expect((await cluster.ask(url)).status).toBe(503);
  const spentMeanwhile = world.refreshes().length;
  expect(spentMeanwhile).toBe(1);

  await server.start();
  for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
  expect(await world.organisation((await cluster.ask(world.url)).body)).toEqual({ status: 200, name: DEMO_COMPANY });
  expect((await world.story()).events.filter(({ event }) => event === "renewed").length).toBeGreaterThanOrEqual(2);
  await pause(LIFE_MS + 500);
  for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
  expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
});
