import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { MovableTime } from "../../../../../tests/kit/movable-time.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import { ARCHIVED_TABLES, NOT_ARCHIVED } from "./archive-tables.ts";

test("every table of the schema is in a backup, by its primary key, or left out for a reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "archive-"));
  const file = join(folder, "evergrant.db");
  await (await openSqliteStore({ file, time: new MovableTime() })).close();
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
      .all()
      .map(({ name }) => String(name));
    const archived = ARCHIVED_TABLES.map(({ table }) => table);
    expect([...archived, ...Object.keys(NOT_ARCHIVED)].sort()).toEqual(tables.sort());
    for (const { table, key } of ARCHIVED_TABLES) {
      const columns = database.prepare("select name from pragma_table_info(?) where pk > 0 order by pk").all(table);
      expect([table, ...columns.map(({ name }) => name)]).toEqual([table, ...key]);
    }
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
