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

/** `sandbox.db`: the ledger's rows and the signing keys. */
export interface SandboxDatabase {
  load(): Iterable<Change>;
  /** Writes all changes or none. */
  commit(changes: readonly Change[]): void;
  signingKeys(): readonly StoredKey[];
  addSigningKey(key: StoredKey): void;
  removeSigningKey(kid: string): void;
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
    commit(changes) {
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const change of changes) write(change);
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
    addSigningKey: (key) => {
      database
        .prepare("INSERT INTO signing_keys (kid, private_jwk, created_at_ms) VALUES (?, ?, ?)")
        .run(key.kid, key.privateJwk, key.createdAtMs);
    },
    removeSigningKey: (kid) => {
      database.prepare("DELETE FROM signing_keys WHERE kid = ?").run(kid);
    },
    close: () => database.close(),
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
