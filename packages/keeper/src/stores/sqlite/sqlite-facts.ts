import { sql } from "kysely";
import type { Time } from "../../ports/time.ts";
import type { SqlFacts } from "../sql/sql-facts.ts";

/** SQLite: one writer at a time, so rows need no locks, and the store's time is the process's own. */
export function sqliteFacts(time: Time): SqlFacts {
  return {
    nowMs: async () => time.wallMs(),
    lockRows: (query) => query,
    skipLocked: (query) => query,
    identity: { type: "integer", define: (column) => column.primaryKey().autoIncrement() },
    async columnsOf(db, table) {
      const { rows } = await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(db);
      return rows.map(({ name }) => name);
    },
    // Its one writer is whoever has begun.
    lockSchema: async () => undefined,
    // A file has one process.
    hint: async () => undefined,
    mayGoBetter: () => false,
    isUnavailable,
  };
}

// https://www.sqlite.org/rescode.html: what says that a statement or its values were wrong, not that the database is away.
const OURS = new Set([
  /* ERROR */ 1, /* TOOBIG */ 18, /* CONSTRAINT */ 19, /* MISMATCH */ 20, /* MISUSE */ 21, /* RANGE */ 25,
]);

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  if (error.code === "ERR_INVALID_STATE") return true;
  if (error.code !== "ERR_SQLITE_ERROR" || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return !OURS.has(error.errcode & 0xff);
}
