import { EvergrantError } from "@evergrant/core";
import { type Kysely, sql, type Transaction } from "kysely";
import type { Archive, ArchivedRows } from "../../ports/archive.ts";
import { ARCHIVED_TABLES } from "./archive-tables.ts";
import { jsonColumn } from "./json-column.ts";
import type { Tables } from "./tables.ts";

const PAGE = 500;
/** Values per statement: both databases take far more. */
const VALUES_AT_MOST = 10_000;

type Row = ArchivedRows["rows"][number];

/** The tables of a SQL store as a whole. `snapshot` gives a connection on which everything that is read is of one moment. */
export function sqlArchive(
  db: Kysely<Tables>,
  snapshot: () => Promise<{ readonly db: Kysely<Tables>; end(): Promise<void> }>,
): Archive {
  return {
    steps: async () => {
      const taken = await db.selectFrom("migration").select("name").orderBy("position").execute();
      return taken.map(({ name }) => name);
    },
    async *rows() {
      const moment = await snapshot();
      try {
        for (const { table, key } of ARCHIVED_TABLES) yield* pages(moment.db, table, key);
      } finally {
        await moment.end();
      }
    },
    fill: (rows, atMs) => db.transaction().execute((trx) => fill(trx, rows, atMs)),
  };
}

type Key = readonly (string | number | null)[];

async function* pages(db: Kysely<Tables>, table: string, key: readonly string[]): AsyncGenerator<ArchivedRows> {
  for (let after: Key | null = null; ; ) {
    const rows: readonly Row[] = await page(db, table, { key, after });
    if (rows.length > 0) yield { table, rows };
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = key.map((column) => last[column] ?? null);
  }
}

async function page(
  db: Kysely<Tables>,
  table: string,
  at: { readonly key: readonly string[]; readonly after: Key | null },
): Promise<readonly Row[]> {
  const order = sql.join(at.key.map((column) => sql.ref(column)));
  const from =
    at.after === null ? sql`` : sql`where (${order}) > (${sql.join(at.after.map((value) => sql`${value}`))})`;
  const asked = sql<Row>`select * from ${sql.table(table)} ${from} order by ${order} limit ${sql.lit(PAGE)}`;
  return (await asked.execute(db)).rows.map((row) => ({ ...row }));
}

async function fill(trx: Transaction<Tables>, batches: AsyncIterable<ArchivedRows>, atMs: number): Promise<void> {
  if ((await trx.selectFrom("deployment").select("id").executeTakeFirst()) !== undefined)
    throw new EvergrantError("store_not_empty");
  await sql`delete from counter`.execute(trx);
  const known = new Set(ARCHIVED_TABLES.map(({ table }) => table));
  for await (const { table, rows } of batches) {
    const [first] = rows;
    if (first === undefined || !known.has(table)) continue;
    const columns = Object.keys(first);
    const perStatement = Math.max(1, Math.floor(VALUES_AT_MOST / columns.length));
    for (let at = 0; at < rows.length; at += perStatement) {
      const values = rows.slice(at, at + perStatement).map((row) => {
        const given = columns.map((column) => sql`${row[column] ?? null}`);
        return sql`(${sql.join(given)})`;
      });
      const names = sql.join(columns.map((column) => sql.ref(column)));
      await sql`insert into ${sql.table(table)} (${names}) values ${sql.join(values)}`.execute(trx);
    }
  }
  // What was spent since is in no copy: nothing is spent before somebody has said what this store is.
  const quarantine = jsonColumn.write({ because: ["store-behind"], node: "restore", sinceMs: atMs });
  await trx.updateTable("deployment").set({ quarantine }).execute();
}
