import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EvergrantError, Secret } from "@evergrant/core";
import { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SECRET_ALONE } from "../../ports/caller-store.ts";
import type { Sealed } from "../../ports/sealer.ts";
import {
  APP,
  app,
  CALLER,
  CONNECTION,
  caller,
  change,
  furnish,
  GRANT,
  grant,
  NOTHING,
  records,
  token,
} from "../../testing/contract/samples.ts";
import { movableTime, NODE, newMark } from "../../testing/contract/store-world.ts";
import { describeStore } from "../../testing/store-contract.ts";
import { migrate } from "../sql/migrate.ts";
import { MIGRATIONS } from "../sql/migrations.ts";
import { sqlStore } from "../sql/sql-store.ts";
import type { Tables } from "../sql/tables.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteFacts } from "./sqlite-facts.ts";
import { openSqliteFile } from "./sqlite-file.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const time = movableTime();

describeStore("sqlite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-store-"));
  const mark = newMark();
  const options = { file: join(folder, "evergrant.db"), time: movableTime(), node: NODE, mark: () => mark };
  let store = await openSqliteStore(options);
  return {
    store,
    mark,
    time: options.time,
    reopen: async () => {
      await store.close();
      store = await openSqliteStore(options);
      return store;
    },
    tamper: async (sequence) => {
      using raw = new DatabaseSync(options.file);
      raw.prepare("update audit_record set facts = replace(facts, '7', '8') where sequence = ?").run(sequence);
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe("sqlite alone", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "evergrant-store-"));
    file = join(folder, "evergrant.db");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const bytes = () =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), "latin1"))
      .join("");

  describe("the file", () => {
    test("is made for its owner alone, with its log beside it, whatever the umask", async () => {
      const before = process.umask(0);
      const deep = join(folder, "made", "evergrant.db");
      try {
        const store = await openSqliteStore({ file: deep, time });
        await furnish(store);
        const modes = ["", "-wal", "-shm"].map((end) => statSync(`${deep}${end}`).mode & 0o777);
        expect(modes).toEqual([0o600, 0o600, 0o600]);
        expect(statSync(join(folder, "made")).mode & 0o777).toBe(0o700);
        await store.close();
      } finally {
        process.umask(before);
      }
    });

    test("is durable at every commit, in a write-ahead log, with foreign keys enforced", () => {
      using database = openSqliteFile(file);
      const pragma = (name: string) => Object.values({ ...database.prepare(`pragma ${name}`).get() })[0];
      expect(pragma("journal_mode")).toBe("wal");
      expect(pragma("synchronous")).toBe(2);
      expect(pragma("foreign_keys")).toBe(1);
      expect(pragma("secure_delete")).toBe(1);
      expect(Number(pragma("busy_timeout"))).toBeGreaterThan(0);
    });

    test("holds what was written even when nothing was closed", async () => {
      const store = await openSqliteStore({ file, time });
      await furnish(store);
      const copy = join(folder, "copy");
      mkdirSync(copy);
      for (const name of readdirSync(folder).filter((one) => one.startsWith("evergrant.db") && !one.endsWith("-shm")))
        writeFileSync(join(copy, name), readFileSync(join(folder, name)));
      const other = await openSqliteStore({ file: join(copy, "evergrant.db"), time });
      expect(await other.grants.load(GRANT)).toEqual(grant());
      await other.close();
      await store.close();
    });
  });

  describe("opening", () => {
    const refused = async (what: Promise<unknown>) => {
      const error = await what.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(EvergrantError);
      return error as EvergrantError;
    };

    test("is refused where the path cannot hold a file", async () => {
      writeFileSync(file, "");
      const error = await refused(openSqliteStore({ file: join(file, "evergrant.db"), time }));
      expect(error.code).toBe("store_unopenable");
      expect(error.cause).toBeInstanceOf(Error);
    });

    test("is refused where the path is a folder", async () => {
      mkdirSync(file);
      expect((await refused(openSqliteStore({ file, time }))).code).toBe("store_unopenable");
    });

    test("is refused where the file is no database", async () => {
      writeFileSync(file, "not a database, but long enough to be read as the header of one: ".repeat(20));
      expect((await refused(openSqliteStore({ file, time }))).code).toBe("store_unopenable");
      expect(existsSync(`${file}-wal`)).toBe(false);
    });

    test("is refused where another program's tables are in it, and leaves them alone", async () => {
      using raw = new DatabaseSync(file);
      raw.exec("create table recipes (name text)");
      const error = await refused(openSqliteStore({ file, time }));
      expect([error.code, error.detail]).toEqual(["store_unopenable", "the file belongs to another program"]);
      expect(raw.prepare("select name from sqlite_schema").all()).toHaveLength(1);
    });

    test("is refused where a newer version wrote it, and leaves it as it was", async () => {
      await (await openSqliteStore({ file, time })).close();
      using raw = new DatabaseSync(file);
      raw
        .prepare("insert into migration (name, position) values (?, ?)")
        .run("9999-from-the-future", MIGRATIONS.length);
      const error = await refused(openSqliteStore({ file, time }));
      expect([error.code, error.detail]).toEqual(["store_newer", "migration 9999-from-the-future"]);
    });

    test("is refused where the file may not be written", async (context) => {
      context.skip(process.getuid?.() === 0, "root may write every file");
      await (await openSqliteStore({ file, time })).close();
      chmodSync(file, 0o400);
      expect((await refused(openSqliteStore({ file, time }))).code).toBe("store_unopenable");
    });
  });

  test("a program that knows nothing of narrowed permissions neither widens nor loses them", async () => {
    const file = join(folder, "evergrant.db");
    const only = { tenants: ["t-1"], methods: null, paths: null };
    const narrowed = { connection: CONNECTION, right: "gateway", only } as const;
    const open = () => openSqliteStore({ file, time, node: NODE, mark: newMark });
    const store = await open();
    await store.callers.create(
      caller({ permissions: [narrowed, { connection: CONNECTION, right: "token" }] }),
      NOTHING,
    );
    await store.close();
    const older = new DatabaseSync(file);
    const seen = older.prepare('select "right" from permission').all();
    expect(seen).toEqual([{ right: "token" }]);
    // As it does at any change of a caller: all that it knows is written anew.
    older.exec("delete from permission");
    older.exec(
      `insert into permission (caller_id, position, connection_id, "right") values ('${CALLER}', 0, 'cn_1', 'observe')`,
    );
    older.close();
    const again = await open();
    const permissions = (await again.callers.find(CALLER))?.permissions ?? [];
    expect(permissions).toHaveLength(2);
    expect(permissions).toContainEqual(narrowed);
    expect(permissions).toContainEqual({ connection: "cn_1", right: "observe" });
    await again.close();
  });

  test("a program that knows nothing of networks finds no secret that it would take from anywhere, and loses nothing", async () => {
    const file = join(folder, "evergrant.db");
    const open = () => openSqliteStore({ file, time, node: NODE, mark: newMark });
    const authentication = { ...SECRET_ALONE, networks: ["10.0.0.0/8"] };
    const held = caller({ authentication });
    const store = await open();
    await store.callers.create(held, NOTHING);
    await store.close();
    const older = new DatabaseSync(file);
    expect(older.prepare("select secrets from caller").all()).toEqual([{ secrets: "[]" }]);
    // As it does at any change of a caller: all that it knows is written anew.
    older.exec("update caller set secrets = '[]', disabled_at_ms = 5");
    older.close();
    const again = await open();
    expect(await again.callers.find(CALLER)).toEqual({ ...held, disabledAtMs: 5 });
    await again.close();
  });

  describe("the migration line", () => {
    test("goes on from where a store stands, keeps what is in it, and never runs a step twice", async () => {
      const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqliteFile(file)) });
      const facts = sqliteFacts(time);
      await migrate(db, facts);
      await furnish(sqlStore(db, facts, { node: NODE }));
      let runs = 0;
      const added = {
        name: "0002-later",
        compatibleFrom: 1,
        up: async (trx: Kysely<Tables>) => {
          runs += 1;
          await trx.schema.alterTable("app").addColumn("colour", "text").execute();
        },
      };
      await migrate(db, facts, [...MIGRATIONS, added]);
      await migrate(db, facts, [...MIGRATIONS, added]);
      expect(runs).toBe(1);
      expect(await sqlStore(db, facts, { node: NODE }).grants.load(GRANT)).toEqual(grant());
      await db.destroy();
    });

    test("a step that fails leaves nothing of itself", async () => {
      const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqliteFile(file)) });
      const facts = sqliteFacts(time);
      const broken = {
        name: "0002-broken",
        compatibleFrom: 1,
        up: async (trx: Kysely<Tables>) => {
          await trx.schema.createTable("half").addColumn("id", "text").execute();
          throw new Error("no");
        },
      };
      await expect(migrate(db, facts, [...MIGRATIONS, broken])).rejects.toThrow("no");
      const names = await db.selectFrom("migration").select("name").execute();
      expect(names).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
      expect((await db.introspection.getTables()).map(({ name }) => name)).not.toContain("half");
      await db.destroy();
    });
  });

  describe("running", () => {
    test("a write that another process holds up for too long is unavailable, and goes through afterwards", async () => {
      const store = await openSqliteStore({ file, time });
      await furnish(store);
      using raw = new DatabaseSync(file);
      raw.exec("begin immediate");
      const held = store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 3 }), result: null }));
      await expect(held).rejects.toMatchObject({ code: "store_unavailable", cause: { errcode: 5 } });
      expect(await store.grants.load(GRANT)).toEqual(grant());
      raw.exec("rollback");
      await store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 3 }), result: null }));
      expect(await store.grants.load(GRANT)).toEqual(grant({ dueAtMs: 3 }));
      await store.close();
    });

    test("a row that moved under a decision is decided anew, and given up after some tries", async () => {
      const database = openSqliteFile(file);
      const db = new Kysely<Tables>({ dialect: sqliteDialect(database) });
      const facts = sqliteFacts(time);
      await migrate(db, facts);
      const store = sqlStore(db, facts, { node: NODE });
      await furnish(store);
      const moveUnder = (tries: number) => {
        let runs = 0;
        return store.grants.change(GRANT, () => {
          runs += 1;
          if (runs <= tries) database.exec(`update "grant" set fence = fence + 1`);
          return { change: change({ dueAtMs: runs, records: records(SUBJECT, "settled") }), result: runs };
        });
      };
      expect(await moveUnder(2)).toBe(3);
      expect(await store.grants.load(GRANT)).toEqual(grant({ dueAtMs: 3 }));
      await expect(moveUnder(1_000)).rejects.toMatchObject({ code: "store_unavailable" });
      expect(await store.grants.load(GRANT)).toEqual(grant({ dueAtMs: 3 }));
      expect(await store.audit.story(SUBJECT, 10)).toHaveLength(1);
      await store.close();
    });

    test("a value that breaks a rule of the schema is an error of its own, not an absent database", async () => {
      const store = await openSqliteStore({ file, time });
      const orphan = store.grants.create(grant(), NOTHING);
      await expect(orphan).rejects.toMatchObject({ code: "ERR_SQLITE_ERROR", errcode: 787 });
      await store.close();
    });

    test("a secret that slips in unsealed reaches neither a page nor the log", async () => {
      const store = await openSqliteStore({ file, time });
      await furnish(store);
      const canary = new Secret("canary-0f1e2d3c") as never;
      const told = { ...records(SUBJECT, "told", { notice: true }) };
      const careless = {
        audit: told.audit.map((entry) => ({ ...entry, facts: { canary } })),
        notices: told.notices.map((entry) => ({ ...entry, facts: { canary } })),
      };
      const state = { kind: "ended", reason: "revoked", sinceMs: 1, canary } as const;
      await store.grants.change(GRANT, () => ({ change: change({ state, records: careless }), result: null }));
      const unsealed = change({ tokens: [token({ refreshToken: canary })] });
      await expect(store.grants.change(GRANT, () => ({ change: unsealed, result: null }))).rejects.toThrow(TypeError);
      expect(bytes()).toContain("[secret]");
      expect(bytes()).not.toContain("canary-0f1e2d3c");
      await store.close();
      expect(bytes()).not.toContain("canary-0f1e2d3c");
    });

    test("what was replaced is gone from the file", async () => {
      const store = await openSqliteStore({ file, time });
      const sealed = "sealed-to-be-replaced" as Sealed;
      const many = Array.from({ length: 20 }, (_, n) => ({ id: `sc_${n}`, sealed, addedAtMs: n }));
      await store.apps.create(app({ clientSecrets: many }), NOTHING);
      expect(bytes()).toContain(sealed);
      await store.apps.replaceSecrets(APP, [], NOTHING);
      await store.close();
      expect(bytes()).not.toContain(sealed);
    });
  });
});
