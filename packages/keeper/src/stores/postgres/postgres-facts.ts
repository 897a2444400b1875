import { sql } from "kysely";
import type { SqlFacts } from "../sql/sql-facts.ts";
import { isAway, mayGoBetter } from "./postgres-failure.ts";

/** The channel of the hints (NOTIFY): somebody changed callers, permissions or connections. */
export const HINT_CHANNEL = "evergrant";

// "EVGR": one lock for everybody who changes the schema of an Evergrant in this database.
const SCHEMA_LOCK = 0x45_56_47_52;

/** Postgres: rows are locked one by one, and the store's time is the server's, so that leases are counted in one clock. */
export const postgresFacts: SqlFacts = {
  // The clock, not the transaction's beginning: the row lock may have been waited for.
  async nowMs(trx) {
    const now = sql<{ now_ms: number }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms`;
    const [row] = (await now.execute(trx)).rows;
    if (row === undefined) throw new TypeError("the database told no time");
    return row.now_ms;
  },
  lockRows: (query) => query.forUpdate(),
  skipLocked: (query) => query.forUpdate().skipLocked(),
  identity: { type: "bigint", define: (column) => column.generatedAlwaysAsIdentity().primaryKey() },
  async columnsOf(db, table) {
    const columns = sql<{ name: string }>`select a.attname::text as name from pg_attribute a
      join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema() and c.relname = ${table} and a.attnum > 0 and not a.attisdropped`;
    return (await columns.execute(db)).rows.map(({ name }) => name);
  },
  async lockSchema(trx) {
    await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(trx);
  },
  async hint(trx) {
    await sql`select pg_notify(${HINT_CHANNEL}, '')`.execute(trx);
  },
  mayGoBetter,
  isUnavailable: isAway,
};
