import type { NodeId } from "@evergrant/core";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "../../../../../tests/kit/cluster.ts";
import { eventually } from "../../../../../tests/kit/eventually.ts";
import { type PostgresServer, startPostgres } from "../../../../../tests/kit/postgres.ts";
import { realTime } from "../../real-time.ts";
import { MIGRATIONS, type Migration } from "../sql/migrations.ts";
import { openPostgresStore } from "./postgres-store.ts";

const last = MIGRATIONS.at(-1);

/** What the next release might bring: a table, and columns that may be empty or have a default. Whoever ran before goes on. */
const ADDS: Migration = {
  name: "next-adds",
  compatibleFrom: last?.compatibleFrom ?? 1,
  async up(db) {
    await db.schema
      .createTable("note")
      .addColumn("id", "text", (column) => column.primaryKey())
      .execute();
    await sql`alter table "grant" add column note_id text references note (id)`.execute(db);
    await sql`alter table audit_record add column weight bigint not null default 1`.execute(db);
    await sql`create index grant_note on "grant" (note_id)`.execute(db);
  },
};

/** What only a release after that may do: nobody who does not know it can run beside it. */
const TAKES_AWAY: Migration = {
  name: "after-that-takes-away",
  compatibleFrom: MIGRATIONS.length + 2,
  async up(db) {
    await sql`alter table "grant" drop column note_id`.execute(db);
  },
};

const BESIDE = 120_000;

describe("two nodes run under load while the database is migrated", () => {
  let server: PostgresServer;
  let cluster: Cluster;
  beforeAll(async () => {
    server = await startPostgres();
    cluster = await aCluster(server.url(), 2);
  }, BESIDE);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test(
    "by a step that adds: they go on serving and refreshing, and one of them can be started again beside it",
    async () => {
      const load = underLoad(cluster);
      await migrated(server, [...MIGRATIONS, ADDS]);
      expect(await columnsOf(server)).toContain("note_id");
      const before = cluster.world.refreshes().length;
      await eventually(async () => expect(cluster.world.refreshes().length).toBeGreaterThan(before), 40_000);
      const [other] = cluster.others;
      if (other === undefined) throw new Error("there are two nodes");
      await other.stop();
      const again = await cluster.restart(other);
      const token = (await cluster.ask(again.url)).body.access_token;
      await eventually(async () => expect((await cluster.ask(again.url)).body.access_token).not.toBe(token), 40_000);
      expect(await load()).toEqual([]);
      expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    },
    BESIDE,
  );

  test(
    "by a step that takes something away: a node that does not know it does not start, and says why",
    async () => {
      await migrated(server, [...MIGRATIONS, ADDS, TAKES_AWAY]);
      const refused = cluster.join().then(
        () => "started",
        (error: unknown) => String(error),
      );
      expect(await refused).toContain("store_newer");
      expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    },
    BESIDE,
  );
});

// As a node of the next release does it at its start.
async function migrated(server: PostgresServer, line: readonly Migration[]): Promise<void> {
  const store = await openPostgresStore({ dsn: server.url(), node: "next" as NodeId, time: realTime(), line });
  await store.close();
}

async function columnsOf(server: PostgresServer): Promise<readonly unknown[]> {
  const rows = await server.query("select column_name from information_schema.columns where table_name = 'grant'");
  return rows.map((row) => row["column_name"]);
}

/** Callers that ask all nodes all the time; the function ends them and tells what was refused, but by a node on its way out. */
function underLoad(cluster: Cluster): () => Promise<readonly string[]> {
  const refusals: string[] = [];
  let running = true;
  const asking = (async () => {
    while (running) {
      for (const url of cluster.urls) {
        const answer = await cluster.ask(url).catch(() => null);
        const code = answer?.body.code;
        if (answer !== null && answer.status !== 200 && code !== "stopping") refusals.push(`${answer.status} ${code}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return async () => {
    running = false;
    await asking;
    return refusals;
  };
}
