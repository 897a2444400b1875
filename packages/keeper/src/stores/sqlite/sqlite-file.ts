import { closeSync, fchmodSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EvergrantError } from "@evergrant/core";

/** "EVGR": which program a file belongs to, https://www.sqlite.org/pragma.html#pragma_application_id. */
const APPLICATION_ID = 0x45_56_47_52;
// How long a statement waits for another process that holds the file (a backup, a shell); the whole process waits with it.
const BUSY_MS = 2_000;

/**
 * Opens the file, made with mode 0600 (its folder with 0700) when it is not there: write-ahead log, every commit on disk
 * before it is acknowledged, foreign keys enforced.
 * @throws store_unopenable
 */
export function openSqliteFile(file: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    createPrivately(file);
    database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    claim(database);
    settle(database);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    if (error instanceof EvergrantError) throw error;
    const detail = error instanceof Error ? `${file}: ${error.message}` : file;
    throw new EvergrantError("store_unopenable", { detail, cause: error });
  }
}

// The log and its index take over the mode of the file beside them.
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const descriptor = openSync(file, "wx", 0o600);
    fchmodSync(descriptor, 0o600);
    closeSync(descriptor);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function claim(database: DatabaseSync): void {
  const id = pragma(database, "application_id");
  if (id === APPLICATION_ID) return;
  const { tables } = { ...database.prepare("select count(*) as tables from sqlite_schema").get() };
  if (id !== 0 || tables !== 0)
    throw new EvergrantError("store_unopenable", { detail: "the file belongs to another program" });
  database.exec(`pragma application_id = ${APPLICATION_ID}`);
}

function settle(database: DatabaseSync): void {
  database.exec("pragma journal_mode = wal");
  if (pragma(database, "journal_mode") !== "wal")
    throw new EvergrantError("store_unopenable", { detail: "its file system cannot keep a write-ahead log" });
  database.exec("pragma synchronous = full");
  // macOS alone: without it fsync leaves the bytes in the drive's cache.
  database.exec("pragma fullfsync = on; pragma checkpoint_fullfsync = on");
  // What was overwritten or deleted (a data key) does not stay behind in free pages.
  database.exec("pragma secure_delete = on");
  database.exec("pragma trusted_schema = off");
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values({ ...database.prepare(`pragma ${name}`).get() })[0];
}
