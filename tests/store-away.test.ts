import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { aCluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { startPostgres } from "./kit/postgres.ts";
import { LIVES } from "./kit/scaled-policy.ts";
import { DEMO_COMPANY } from "./kit/world.ts";

const LIFE_MS = LIVES.steady.accessSeconds * 1_000;

// Several lives of a token, and longer than its grace as well: asking the provider again would not help any more.
const AWAY_MS = LIVES.steady.graceSeconds * 1_000 + 2_000;

test("the database is away for several lives of a token, from the middle of a refresh on: nothing is lost", async () => {
  await using server = await startPostgres();
  await using cluster = await aCluster(server.url(), 2, { policy: "steady" });
  const { world } = cluster;
  const answerWaits = { kind: "stall", ms: 250 } as const;
  world.sandbox.control.placeFault({
    endpoint: "token",
    grantType: "refresh_token",
    point: "after-commit-before-headers",
    action: answerWaits,
  });
  const before = await cluster.ask(world.url);
  expect(before.status).toBe(200);
  while (world.sandbox.control.faults()[0]?.hits !== 1) {
    for (const url of cluster.urls) void cluster.ask(url).catch(() => undefined);
    await pause(20);
  }
  await server.kill();
  const awaySinceMs = performance.now();

  // Whoever has a valid token in memory serves it; and whoever waited for the answer serves what it brought, before any database has it.
  expect((await cluster.ask(world.url)).status).toBe(200);
  await eventually(async () => {
    const served = await Promise.all(cluster.urls.map((url) => cluster.ask(url)));
    const fresh = served.filter(({ body }) => body.access_token !== before.body.access_token);
    expect(fresh.map(({ status }) => status)).toContain(200);
  });
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
