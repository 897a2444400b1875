import { EvergrantError } from "@evergrant/core";
import type { Kysely } from "kysely";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/**
 * Takes the steps of the line that this store has not taken yet, each in a transaction of its own.
 * @throws store_newer where the store has taken a step that is not in the line
 */
export async function migrate(
  db: Kysely<Tables>,
  facts: SqlFacts,
  line: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await db.schema
    .createTable("migration")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("position", "bigint", (column) => column.notNull())
    .execute();
  const taken = await db.selectFrom("migration").select("name").orderBy("position").execute();
  const unknown = taken.find(({ name }, position) => line[position]?.name !== name);
  if (unknown !== undefined) throw new EvergrantError("store_newer", { detail: `migration ${unknown.name}` });
  for (const [position, { name, up }] of line.entries()) {
    if (position < taken.length) continue;
    await db.transaction().execute(async (trx) => {
      // Recorded first: of two nodes that start together, the second waits here and then finds that there is nothing to do.
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto("migration")
        .values({ name, position })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows === 1n) await up(trx, facts);
    });
  }
}
