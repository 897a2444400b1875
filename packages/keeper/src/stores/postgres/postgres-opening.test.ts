import { inspect } from "node:util";
import { EvergrantError } from "@evergrant/core";
import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PostgresServer, SUPERUSER, startPostgres } from "../../../../../tests/kit/postgres.ts";
import { realTime } from "../../real-time.ts";
import { app, caller, connection, furnish, GRANT, grant, NOTHING } from "../../testing/contract/samples.ts";
import { NODE, SECOND_NODE } from "../../testing/contract/store-world.ts";
import { MIGRATIONS, type Migration } from "../sql/migrations.ts";
import type { Tables } from "../sql/tables.ts";
import { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from "./postgres-store.ts";

let server: PostgresServer;
let databases = 0;
let database = "";
const opened: PostgresStore[] = [];
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  databases += 1;
  database = `opening_${databases}`;
  await server.createDatabase(database);
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await server.dropDatabase(database);
});

async function open(more: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
  const store = await openPostgresStore({ dsn: server.url(database), node: NODE, time: realTime(), ...more });
  opened.push(store);
  return store;
}

async function refused(more: Partial<PostgresStoreOptions>): Promise<EvergrantError> {
  const error = await open({ limits: { connectMs: 1_000 }, ...more }).catch((thrown: unknown) => thrown);
  if (!(error instanceof EvergrantError)) throw new Error(`not refused: ${String(error)}`);
  // Neither the sentence nor anything behind it tells the password.
  expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(SUPERUSER.password);
  return error;
}

describe("opening is refused with one sentence", () => {
  const unopenable = async (more: Partial<PostgresStoreOptions>, detail: RegExp) => {
    const error = await refused(more);
    expect(error.code).toBe("store_unopenable");
    expect(error.detail).toMatch(detail);
  };

  test.each([
    ["mysql://root@localhost/db", /postgres:\/\//],
    ["postgres://a:%zz@localhost/db", /percent/],
    ["postgres://a:b@one:99999/db", /cannot be read/],
    ["postgres://a:b@one,,two/db", /empty/],
    ["postgres://a:b@one,one:5432/db", /twice/],
    ["", /postgres:\/\//],
  ])("where the address is %s", (dsn, detail) => unopenable({ dsn }, detail));

  test("where there is no such host", () =>
    unopenable({ dsn: "postgres://a:b@no-such-host.invalid/db" }, /no host of this name|looked up/));

  test("where nothing listens", () => unopenable({ dsn: "postgres://a:b@127.0.0.1:1/db" }, /nothing listens/));

  test("where the password or the role is wrong", async () => {
    await unopenable({ dsn: server.url(database).replace(/:[^:@/]+@/, ":wrong@") }, /role or its password/);
    await unopenable({ dsn: server.url(database).replace("//postgres:", "//nobody:") }, /role or its password/);
  });

  test("where there is no such database", () => unopenable({ dsn: server.url("none") }, /no database of this name/));

  test("where the encoding cannot hold every text", async () => {
    await server.query("create database latin encoding 'LATIN1' template template0");
    await unopenable({ dsn: server.url("latin") }, /LATIN1/);
    await server.dropDatabase("latin");
  });

  test("where another program's tables are in the way, and they are left alone", async () => {
    await server.query("create table app (recipe text)", database);
    await unopenable({}, /another program/);
    const tables = "select tablename from pg_tables where schemaname = 'public' order by 1";
    expect(await server.query(tables, database)).toEqual([{ tablename: "app" }, { tablename: "migration" }]);
  });

  test("where the role may not create tables, or not write them", async () => {
    await server.query("create role reader login password 'reader-only'");
    const dsn = server.url(database).replace(/\/\/[^@]+@/, "//reader:reader-only@");
    await unopenable({ dsn }, /lacks rights/);
    await open();
    await server.query("grant select on all tables in schema public to reader", database);
    await unopenable({ dsn }, /lacks rights on app, audit_chain/);
    await server.query("grant select, insert, update, delete on all tables in schema public to reader", database);
    const store = await open({ dsn });
    await furnish(store);
    await server.query("drop owned by reader", database);
    await server.query("drop role reader");
  });

  test("where only an earlier timeline answers than was written to before", async () => {
    const memory = { highest: 3, raise: async () => undefined };
    await unopenable({ memory }, /timeline 1, but 3 was seen/);
  });
});

describe("the migration line", () => {
  const added: Migration = {
    name: "9001-added",
    compatibleFrom: 1,
    async up(db: Transaction<Tables>) {
      await db.schema.alterTable("app").addColumn("colour", "text").execute();
      await db.schema
        .alterTable("grant")
        .addColumn("weight", "bigint", (column) => column.notNull().defaultTo(1))
        .execute();
      await db.schema
        .createTable("later")
        .addColumn("id", "text", (column) => column.primaryKey())
        .execute();
    },
  };
  const removed: Migration = {
    name: "9002-removed",
    compatibleFrom: MIGRATIONS.length + 1,
    up: async (db: Kysely<Tables>) => {
      await sql`alter table app drop column colour`.execute(db);
    },
  };

  test("is taken once by ten nodes that start together", async () => {
    await Promise.all(Array.from({ length: 10 }, () => open()));
    expect(await server.query("select name from migration", database)).toEqual(
      MIGRATIONS.map(({ name }) => ({ name })),
    );
  });

  test("a step that only adds is taken under a node that runs and works, and that node goes on", async () => {
    const old = await open();
    await furnish(old);
    let stop = false;
    let changes = 0;
    const working = (async () => {
      for (; !stop; changes += 1)
        await old.grants.change(GRANT, ({ lease }) => ({
          change: {
            state: null,
            lease: { ...lease, fence: lease.fence + 1 },
            dueAtMs: null,
            tokens: [],
            records: NOTHING,
          },
          result: null,
        }));
    })();
    const line = [...MIGRATIONS, added];
    const fresh = await open({ node: SECOND_NODE, line });
    const before = changes;
    await expect.poll(() => changes).toBeGreaterThan(before + 5);
    stop = true;
    await working;
    expect((await fresh.grants.load(GRANT))?.lease.fence).toBe(changes);
    await old.apps.create(app({ id: "ap_2" as never, name: "second" }), NOTHING);
    await old.grants.create(grant({ id: "gr_2" as never, subject: "person-2" }), NOTHING);
    await old.connections.create(connection({ id: "cn_2" as never, name: "second" }), NOTHING);
    expect((await fresh.apps.list()).map(({ name }) => name)).toEqual(["books", "second"]);
  });

  test("a node that does not know a step starts beside it if the step only adds, and is refused if it takes away", async () => {
    await open({ line: [...MIGRATIONS, added] });
    const old = await open({ node: SECOND_NODE });
    await furnish(old);
    expect(await old.grants.load(GRANT)).toEqual(grant());
    await open({ line: [...MIGRATIONS, added, removed] });
    const error = await refused({});
    expect([error.code, error.detail]).toEqual(["store_newer", "migration 9002-removed"]);
    await open({ line: [...MIGRATIONS, added] });
  });

  test("another line altogether is refused", async () => {
    await open({ line: [...MIGRATIONS, added] });
    const error = await refused({ line: [...MIGRATIONS, { ...added, name: "9001-other" }] });
    expect([error.code, error.detail]).toEqual(["store_newer", "migration 9001-added"]);
  });
});

describe("an open store", () => {
  test("hints at what other nodes change, soon after they committed it, until nobody wants to know", async () => {
    const [one, other] = [await open(), await open({ node: SECOND_NODE })];
    let hints = 0;
    const end = one.onHint(() => {
      hints += 1;
    });
    await expect.poll(() => hints).toBe(1);
    await other.callers.create(caller(), NOTHING);
    await expect.poll(() => hints).toBe(2);
    expect(await one.callers.list()).toHaveLength(1);
    end();
    await other.callers.change(caller().id, (found) => ({ caller: found, records: NOTHING }));
    await one.callers.epoch();
    expect(hints).toBe(2);
  });

  test("listens again after its connection was ended", async () => {
    const store = await open({ time: { ...realTime(), setTimer: (_, fire) => realTime().setTimer(20, fire) } });
    let hints = 0;
    store.onHint(() => {
      hints += 1;
    });
    await expect.poll(() => hints).toBe(1);
    await server.query("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'");
    await expect.poll(() => hints).toBe(2);
  });

  test("tells how far the server's clock is ahead, and which cluster it is", async () => {
    const real = realTime();
    const store = await open();
    expect(Math.abs((await store.clockSkew()).skewMs)).toBeLessThan(1_000);
    const slow = await open({ time: { ...real, wallMs: () => real.wallMs() - 7_000 } });
    expect(Math.abs((await slow.clockSkew()).skewMs - 7_000)).toBeLessThan(1_000);
    expect(await store.systemIdentifier()).toMatch(/^\d{15,20}$/);
    expect(await slow.systemIdentifier()).toBe(await store.systemIdentifier());
  });

  test("remembers the timeline before it writes to it", async () => {
    const raised: number[] = [];
    await open({ memory: { highest: 0, raise: async (timeline) => void raised.push(timeline) } });
    expect(raised).toEqual([1]);
    const error = await refused({ memory: { highest: 0, raise: () => Promise.reject(new Error("disk full")) } });
    expect(error.detail).toMatch(/disk full/);
  });

  test("never rounds a number that is too large", async () => {
    const store = await open();
    await furnish(store);
    await server.query('update "grant" set due_at_ms = 9007199254740993', database);
    await expect(store.grants.load(GRANT)).rejects.toThrow(/beyond/);
  });

  test("keeps commits durable where the role has that turned off, and leaves nothing in the session", async () => {
    await server.query(`alter database ${database} set synchronous_commit = off`);
    await server.query(`alter database ${database} set default_transaction_isolation = 'serializable'`);
    const store = await open({ limits: { connections: 1 } });
    await furnish(store);
    expect(await store.grants.load(GRANT)).toEqual(grant());
    const settings = await server.query(
      "select current_setting('synchronous_commit') as durable, current_setting('statement_timeout') as timeout",
      database,
    );
    expect(settings).toEqual([{ durable: "off", timeout: "0" }]);
  });
});
