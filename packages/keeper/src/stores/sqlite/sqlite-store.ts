import { DatabaseSync } from "node:sqlite";
import { EvergrantError, type NodeId } from "@evergrant/core";
import { Kysely, sql } from "kysely";
import type { Archive } from "../../ports/archive.ts";
import type { JournalMark } from "../../ports/node-store.ts";
import type { Store } from "../../ports/store.ts";
import type { Time } from "../../ports/time.ts";
import { migrate } from "../sql/migrate.ts";
import { sqlArchive } from "../sql/sql-archive.ts";
import { sqlStore } from "../sql/sql-store.ts";
import type { Tables } from "../sql/tables.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteFacts } from "./sqlite-facts.ts";
import { openSqliteFile } from "./sqlite-file.ts";

export interface SqliteStoreOptions {
  readonly file: string;
  /** Leases are counted in its wall clock. */
  readonly time: Time;
  /** Whose audit chain is written. A file has one process, so it needs no more than the one chain that it has without. */
  readonly node?: NodeId;
  /** Where the journal of the node that holds the file stands. */
  readonly mark?: () => JournalMark;
}

/**
 * Opens the store in one file, for one process, and takes it to the newest schema.
 * @throws store_unopenable where the file cannot be read, written or trusted · store_newer where a newer version wrote it
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store & { readonly archive: Archive }> {
  const { file, time, node = "local" as NodeId, mark } = options;
  const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqliteFile(file)) });
  const facts = sqliteFacts(time);
  try {
    await migrate(db, facts);
    return { ...sqlStore(db, facts, { node, mark }), archive: sqlArchive(db, () => momentOf(file)) };
  } catch (error) {
    await db.destroy();
    if (error instanceof EvergrantError) throw error;
    throw new EvergrantError("store_unopenable", { detail: file, cause: error });
  }
}

// A connection of its own, so that reading keeps no writer waiting: in the write-ahead log a reader sees what was when it began.
async function momentOf(file: string) {
  const db = new Kysely<Tables>({ dialect: sqliteDialect(new DatabaseSync(file, { readOnly: true })) });
  await sql`begin deferred`.execute(db);
  return { db, end: () => db.destroy() };
}
