import type { Transaction } from "kysely";
import type { Tables } from "./tables.ts";

type Schema = Transaction<Tables>;

export async function createCallerUse(db: Schema): Promise<void> {
  await db.schema
    .createTable("caller_use")
    .addColumn("caller_id", "text", (column) => column.notNull())
    .addColumn("credential", "text", (column) => column.notNull())
    .addColumn("used_at_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("caller_use_key", ["caller_id", "credential"])
    .execute();
}

export async function createUsedAssertion(db: Schema): Promise<void> {
  await db.schema
    .createTable("used_assertion")
    .addColumn("digest", "text", (column) => column.primaryKey())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("used_assertion_expiry").on("used_assertion").column("expires_at_ms").execute();
}
