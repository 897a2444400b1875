import type { Transaction } from "kysely";
import type { Tables } from "./tables.ts";

export async function createOperatorTables(db: Transaction<Tables>): Promise<void> {
  await db.schema
    .createTable("operator")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("keys", "text", (column) => column.notNull())
    .addColumn("identity", "text")
    .addColumn("disabled_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("operator_use")
    .addColumn("operator_id", "text", (column) => column.notNull())
    .addColumn("credential", "text", (column) => column.notNull())
    .addColumn("used_at_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("operator_use_key", ["operator_id", "credential"])
    .execute();
  await db.schema
    .createTable("operator_session")
    .addColumn("sha256", "text", (column) => column.primaryKey())
    .addColumn("operator_id", "text", (column) => column.notNull())
    .addColumn("credential", "text", (column) => column.notNull())
    .addColumn("started_at_ms", "bigint", (column) => column.notNull())
    .addColumn("seen_at_ms", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("idempotent_create")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("request_mac", "text", (column) => column.notNull())
    .addColumn("started_at_ms", "bigint", (column) => column.notNull())
    .addColumn("connections", "text", (column) => column.notNull())
    .addColumn("data_key", "text")
    .addColumn("answer", "text")
    .execute();
  await db.schema.createIndex("idempotent_create_start").on("idempotent_create").column("started_at_ms").execute();
}
