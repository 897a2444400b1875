import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Change, TableName, Tables } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";

const schemaVersion = 1;

export interface StoredKey {
  readonly kid: string;
  readonly privateJwk: string;
  readonly createdAtMs: number;
}

/** A snapshot that is kept under a name. */
export interface KeptSnapshot {
  readonly name: string;
  readonly takenAtMs: number;
  readonly characters: number;
}

/** `sandbox.db`: the ledger's rows, the signing keys and the snapshots. */
export interface SandboxDatabase {
  load(): Iterable<Change>;
  /** Writes all changes or none; with `keys`, these take the place of all signing keys. */
  commit(changes: readonly Change[], keys?: readonly StoredKey[]): void;
  signingKeys(): readonly StoredKey[];
  addSigningKey(key: StoredKey): void;
  removeSigningKey(kid: string): void;
  snapshots(): readonly KeptSnapshot[];
  /** The JSON of one, or null. */
  snapshot(name: string): string | null;
  /** Keeps a snapshot's JSON, in place of one of the same name. */
  putSnapshot(name: string, takenAtMs: number, json: string): void;
  /** false: there is none of that name. */
  removeSnapshot(name: string): boolean;
  close(): void;
}

/** Opens the file, or a database in memory for `:memory:`. Throws `database_in_use` or `database_newer`. */
export function openSandboxDatabase(file: string): SandboxDatabase {
  const database = open(file);
  const put = database.prepare(
    "INSERT INTO ledger (kind, key, row) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET row = excluded.row",
  );
  const remove = database.prepare("DELETE FROM ledger WHERE kind = ? AND key = ?");
  const write = (change: Change) => {
    if (change.row === undefined) remove.run(change.table, change.key);
    else put.run(change.table, change.key, JSON.stringify(change.row));
  };
  const addKey = (key: StoredKey) => {
    database
      .prepare("INSERT INTO signing_keys (kid, private_jwk, created_at_ms) VALUES (?, ?, ?)")
      .run(key.kid, key.privateJwk, key.createdAtMs);
  };
  return {
    *load() {
      for (const row of database.prepare("SELECT kind, key, row FROM ledger ORDER BY rowid").iterate()) {
        yield {
          table: String(row.kind) as TableName,
          key: String(row.key),
          row: JSON.parse(String(row.row)) as Tables[TableName],
        };
      }
    },
    commit(changes, keys) {
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const change of changes) write(change);
        if (keys !== undefined) {
          database.exec("DELETE FROM signing_keys");
          for (const key of keys) addKey(key);
        }
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    signingKeys: () =>
      database
        .prepare("SELECT kid, private_jwk, created_at_ms FROM signing_keys ORDER BY created_at_ms, rowid")
        .all()
        .map((row) => ({
          kid: String(row.kid),
          privateJwk: String(row.private_jwk),
          createdAtMs: Number(row.created_at_ms),
        })),
    addSigningKey: addKey,
    removeSigningKey: (kid) => {
      database.prepare("DELETE FROM signing_keys WHERE kid = ?").run(kid);
    },
    ...snapshotsIn(database),
    close: () => database.close(),
  };
}

function snapshotsIn(
  database: DatabaseSync,
): Pick<SandboxDatabase, "snapshots" | "snapshot" | "putSnapshot" | "removeSnapshot"> {
  return {
    snapshots: () =>
      database
        .prepare("SELECT name, taken_at_ms, length(body) AS characters FROM snapshots ORDER BY rowid")
        .all()
        .map((row) => ({
          name: String(row.name),
          takenAtMs: Number(row.taken_at_ms),
          characters: Number(row.characters),
        })),
    snapshot(name) {
      const row = database.prepare("SELECT body FROM snapshots WHERE name = ?").get(name);
      return row === undefined ? null : String(row.body);
    },
    putSnapshot(name, takenAtMs, json) {
      database
        .prepare("INSERT OR REPLACE INTO snapshots (name, taken_at_ms, body) VALUES (?, ?, ?)")
        .run(name, takenAtMs, json);
    },
    removeSnapshot: (name) => database.prepare("DELETE FROM snapshots WHERE name = ?").run(name).changes > 0,
  };
}

function open(file: string): DatabaseSync {
  // It holds signing keys: nobody else on this machine has to read them. SQLite's own files take the mode over.
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file);
  try {
    // Two sandboxes over one file would each answer from their own memory.
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT;",
    );
    migrate(database, file);
    // A table more is no new version: an older sandbox works beside it.
    database.exec(
      "CREATE TABLE IF NOT EXISTS snapshots (name TEXT PRIMARY KEY, taken_at_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
    );
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) {
      throw new SandboxError("database_in_use", `Another sandbox has ${file} open. Stop it, or name another file.`, {
        cause: error,
      });
    }
    throw error;
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version ?? 0);
  if (version > schemaVersion) {
    throw new SandboxError(
      "database_newer",
      `${file} was written by a newer sandbox. Use that version, or name another file.`,
    );
  }
  if (version === schemaVersion) return;
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE ledger (kind TEXT NOT NULL, key TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;
    CREATE TABLE signing_keys (kid TEXT PRIMARY KEY, private_jwk TEXT NOT NULL, created_at_ms INTEGER NOT NULL) STRICT;
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}
