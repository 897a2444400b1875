import { EvergrantError } from "@evergrant/core";
import type { Kysely, Transaction } from "kysely";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/**
 * Takes the steps of the line that this store has not taken yet, each in a transaction of its own, one node at a time. A store
 * that has taken them all is only read: a role that may not change the schema will do.
 * @throws store_newer where the store has taken a step that is not in the line, and that needs a program which knows it
 */
export async function migrate(
  db: Kysely<Tables>,
  facts: SqlFacts,
  line: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  while ((await nextStep(db, facts, line)) !== null)
    await db.transaction().execute(async (trx) => {
      await facts.lockSchema(trx);
      // Asked again: of two nodes that start together, the second waited here and may find that nothing is left to do.
      const step = await nextStep(trx, facts, line);
      if (step !== null) await step(trx);
    });
}

type Step = (trx: Transaction<Tables>) => Promise<unknown>;

async function nextStep(db: Kysely<Tables>, facts: SqlFacts, line: readonly Migration[]): Promise<Step | null> {
  const columns = await facts.columnsOf(db, "migration");
  if (columns.length === 0) return (trx) => createMigrationTable(trx);
  if (!columns.includes("compatible_from"))
    return (trx) => trx.schema.alterTable("migration").addColumn("compatible_from", "bigint").execute();
  const taken = await db.selectFrom("migration").selectAll().orderBy("position").execute();
  for (const { name, position, compatible_from } of taken) {
    if (position < line.length ? line[position]?.name === name : (compatible_from ?? position + 1) <= line.length)
      continue;
    throw new EvergrantError("store_newer", { detail: `migration ${name}` });
  }
  const next = line[taken.length];
  return next === undefined ? null : (trx) => take(trx, facts, { ...next, position: taken.length });
}

async function createMigrationTable(trx: Transaction<Tables>): Promise<void> {
  await trx.schema
    .createTable("migration")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("compatible_from", "bigint")
    .execute();
}

async function take(
  trx: Transaction<Tables>,
  facts: SqlFacts,
  step: Migration & { readonly position: number },
): Promise<void> {
  const { name, position, compatibleFrom } = step;
  await trx.insertInto("migration").values({ name, position, compatible_from: compatibleFrom }).execute();
  await step.up(trx, facts);
}
