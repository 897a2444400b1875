import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EvergrantError } from "@evergrant/core";
import { journalUnwritable } from "./journal-error.ts";

/** A hold on a folder that ends with the process, however it ends. */
export interface FolderLock {
  release(): void;
}

// A handle that nobody refers to any more is closed by the garbage collector, and its lock would go with it.
const HELD = new Set<DatabaseSync>();

/**
 * Takes the folder for this process, or throws `journal_held`. Node has no flock: an exclusive SQLite transaction that is never
 * committed holds a lock of the operating system, which the kernel frees even on a kill.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, "lock.db");
  try {
    // SQLite would make it with the umask's rights. Never opened again once it is there: closing any descriptor of a file
    // gives up all locks that this process has on it.
    if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw journalUnwritable("its lock file cannot be made", error);
  }
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    throw isBusy(error) ? new EvergrantError("journal_held") : journalUnwritable("its lock cannot be taken", error);
  }
  const taken = database;
  HELD.add(taken);
  return {
    release: () => {
      HELD.delete(taken);
      taken.close();
    },
  };
}

// SQLITE_BUSY and SQLITE_LOCKED, with their extended codes in the upper bits.
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  const primary = error.errcode & 0xff;
  return primary === 5 || primary === 6;
}
