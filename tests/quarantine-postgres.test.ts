import type { Quarantine } from "@evergrant/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { DEMO_COMPANY } from "./kit/world.ts";

const DATABASE = "evergrant";
const WITHIN = { timeout: 30_000, interval: 200 };

let server: PostgresServer;
beforeEach(async () => {
  server = await startPostgres();
  await server.createDatabase(DATABASE);
});
afterEach(() => server[Symbol.asyncDispose]());

/** A copy of the database as it is, made while nobody is let in. */
async function backUp(): Promise<void> {
  await server.query(`alter database ${DATABASE} allow_connections false`);
  await server.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${DATABASE}'`);
  await server.createDatabase("backup", DATABASE);
  await server.query("alter database backup allow_connections true");
  await server.query(`alter database ${DATABASE} allow_connections true`);
}

/** The database is dropped, and the copy put in its place: nodes that run find it there. */
async function restore(): Promise<void> {
  await server.dropDatabase(DATABASE);
  await server.query(`alter database backup rename to ${DATABASE}`);
}

async function refreshing(url: string): Promise<boolean> {
  return ((await (await fetch(`${url}/readyz`)).json()) as { refreshing: boolean }).refreshing;
}

/** Until the provider has been asked for so many more rotations. */
async function rotations(cluster: Cluster, more: number): Promise<void> {
  const before = cluster.world.refreshes().length;
  const asked = async () => {
    for (const url of cluster.urls) await cluster.ask(url).catch(() => undefined);
    return cluster.world.refreshes().length;
  };
  await expect.poll(asked, { ...WITHIN, timeout: 60_000 }).toBeGreaterThanOrEqual(before + more);
}

describe("a Postgres database that is dropped and put back under running nodes", () => {
  test("from a backup of long ago is held by all of them without a restart; called restored, their journals mend it", async () => {
    // What counts as the last moments of a fail-over is a day; here it is a second.
    await using cluster = await aCluster(server.url(DATABASE), 2, { limits: { journalReconcileMs: 1_000 } });
    const { world } = cluster;
    await rotations(cluster, 1);
    await backUp();
    await rotations(cluster, 3);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await restore();
    const before = world.refreshes().length;
    for (const url of cluster.urls) await expect.poll(() => refreshing(url), WITHIN).toBe(false);
    // What is in memory is served, and then nobody is sent to the provider with what the backup holds.
    const refused = async () => (await cluster.ask(world.url)).body.code;
    await expect.poll(refused, WITHIN).toBe("store_quarantined");
    // One may have been under way with the true head when the database went; what the backup holds would be a repeat.
    expect(
      world
        .refreshes()
        .slice(before)
        .map(({ outcome }) => outcome),
    ).toEqual(world.refreshes().length === before ? [] : ["rotate"]);
    expect(await world.admin.get<Quarantine>("/quarantine")).toMatchObject({
      state: "held",
      because: [{ reason: "store-behind" }],
    });
    await world.admin.post("/quarantine/release", { as: "restored" });
    for (const url of cluster.urls) {
      await expect.poll(() => refreshing(url), WITHIN).toBe(true);
      await expect.poll(async () => (await cluster.ask(url)).status, WITHIN).toBe(200);
    }
    const token = (await cluster.ask(world.url)).body;
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("from a backup of a moment ago is mended from the journals, by nobody's word", async () => {
    await using cluster = await aCluster(server.url(DATABASE), 1);
    const { world } = cluster;
    await rotations(cluster, 1);
    await backUp();
    await rotations(cluster, 2);
    await restore();
    await rotations(cluster, 2);
    expect(await world.admin.get<Quarantine>("/quarantine")).toMatchObject({ state: "none", released: null });
    await expect.poll(async () => (await cluster.ask(world.url)).status, WITHIN).toBe(200);
    const token = (await cluster.ask(world.url)).body;
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });
});
