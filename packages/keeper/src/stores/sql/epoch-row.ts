import type { Kysely, Transaction } from "kysely";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/** The counter that grows with every change to callers, permissions, connections and apps' secrets. */
export const epochRow = {
  async read(db: Kysely<Tables>): Promise<number> {
    const row = await db.selectFrom("counter").select("value").where("name", "=", "epoch").executeTakeFirst();
    return row?.value ?? 0;
  },
  async raise(trx: Transaction<Tables>, facts: SqlFacts): Promise<void> {
    await trx
      .insertInto("counter")
      .values({ name: "epoch", value: 1 })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet(({ eb }) => ({ value: eb("counter.value", "+", 1) })),
      )
      .execute();
    await facts.hint(trx);
  },
};
