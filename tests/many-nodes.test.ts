import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { recordOutcomes } from "./kit/figures.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { DEMO_COMPANY } from "./kit/world.ts";

recordOutcomes("kill-points");

let server: PostgresServer;
let databases = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function freshDatabase(): Promise<string> {
  databases += 1;
  const name = `evergrant_${databases}`;
  await server.query(`create database ${name}`);
  return server.url(name);
}

describe("equal nodes over one Postgres", () => {
  test("I15 stampede: 200 callers at each of 4 nodes at the moment of expiry make exactly one refresh", async () => {
    await using cluster = await aCluster(await freshDatabase(), 4);
    await expired(cluster);
    const before = cluster.world.refreshes().length;
    const answers = await Promise.all(
      cluster.urls.flatMap((url) => Array.from({ length: 200 }, () => cluster.ask(url))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
    expect(cluster.world.refreshes().slice(before)).toHaveLength(1);
  });

  test("a permission taken away, and a connection disabled, at one node reach the others within the limit", async () => {
    await using cluster = await aCluster(await freshDatabase(), 3);
    for (const url of cluster.urls) expect((await cluster.ask(url)).status).toBe(200);
    await cluster.world.admin.post("/connections/acme/disable");
    for (const url of cluster.urls)
      await eventually(async () => expect((await cluster.ask(url)).body.code).toBe("connection_disabled"));
    await cluster.world.admin.post("/connections/acme/enable");
    for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
    await cluster.world.admin.put(`/callers/${cluster.world.caller.clientId}/permissions`, { permissions: [] });
    for (const url of cluster.urls)
      await eventually(async () => expect((await cluster.ask(url)).body.code).toBe("connection_not_available"));
  });

  // Side by side: each waits most of its time for a token to run out.
  test.concurrent.each(["intent-written", "sent", "received", "journaled", "settled"])(
    "a node that dies inside a refresh, at %s, is taken over",
    async (point) => {
      await using cluster = await aCluster(await freshDatabase(), 1);
      const dying = await cluster.join({ point, subject: "refresh" });
      await expired(cluster);
      void cluster.ask(dying.url).catch(() => undefined);
      expect(await dying.ended).toBe("SIGKILL");
      await eventually(async () => expect((await cluster.ask(cluster.world.url)).status).toBe(200));
      expect(await cluster.world.organisation((await cluster.ask(cluster.world.url)).body)).toEqual({
        status: 200,
        name: DEMO_COMPANY,
      });
      expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    },
  );

  test("a node that freezes in the middle of a refresh is taken over, and what it brings when it wakes is not lost", async () => {
    await using cluster = await aCluster(await freshDatabase(), 1);
    const frozen = await cluster.join();
    await expired(cluster);
    cluster.world.sandbox.control.placeFault({
      endpoint: "token",
      grantType: "refresh_token",
      point: "before-commit",
      action: { kind: "stall", ms: 400 },
    });
    const asked = cluster.ask(frozen.url).catch(() => undefined);
    await eventually(async () => expect(cluster.world.sandbox.control.faults()[0]?.hits).toBe(1));
    frozen.freeze();
    await eventually(async () => expect((await cluster.ask(cluster.world.url)).status).toBe(200));
    frozen.thaw();
    await asked;
    await expired(cluster);
    for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("a node told to stop ends its refresh first", async () => {
    await using cluster = await aCluster(await freshDatabase(), 1);
    const leaving = await cluster.join();
    await expired(cluster);
    cluster.world.sandbox.control.placeFault({
      endpoint: "token",
      grantType: "refresh_token",
      point: "before-commit",
      action: { kind: "stall", ms: 400 },
    });
    const asked = cluster.ask(leaving.url).catch(() => undefined);
    await eventually(async () => expect(cluster.world.sandbox.control.faults()[0]?.hits).toBe(1));
    await leaving.stop();
    await asked;
    expect((await cluster.world.story()).events[0]).toMatchObject({ event: "renewed" });
    expect(cluster.world.refreshes()).toHaveLength(1);
  });
});

// Real time: the store's clock is the server's, which no test can move; lives are eight seconds instead.
async function expired(cluster: Cluster): Promise<void> {
  const { accessExpiresAtMs } = await cluster.world.status();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, (accessExpiresAtMs ?? 0) - Date.now())));
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const untilMs = Date.now() + 15_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
