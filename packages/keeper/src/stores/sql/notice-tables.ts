import type { Transaction } from "kysely";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/** Who is told, what is on its way to them, and what stands. */
export async function createNotices(db: Transaction<Tables>, facts: SqlFacts): Promise<void> {
  await db.schema.createIndex("outbox_undistributed").on("outbox").columns(["delivered_at_ms", "sequence"]).execute();
  await createRecipient(db);
  await createDelivery(db, facts);
  await db.schema
    .createTable("notice_matter")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("group", "text", (column) => column.notNull())
    .addColumn("opened_at_ms", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("notice_matter_group").on("notice_matter").column("group").execute();
}

async function createRecipient(db: Transaction<Tables>): Promise<void> {
  await db.schema
    .createTable("notice_recipient")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("channel", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("connection_id", "text")
    .addColumn("only", "text")
    .addColumn("data_key", "text")
    .addColumn("secrets", "text", (column) => column.notNull())
    .addColumn("disabled_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("due_at_ms", "bigint")
    .addColumn("busy_until_ms", "bigint", (column) => column.notNull())
    .addColumn("turn", "bigint", (column) => column.notNull())
    .addColumn("last_sent_at_ms", "bigint")
    .execute();
}

async function createDelivery(db: Transaction<Tables>, facts: SqlFacts): Promise<void> {
  await db.schema
    .createTable("notice_delivery")
    .addColumn("id", facts.identity.type, facts.identity.define)
    .addColumn("recipient_id", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("told", "text", (column) => column.notNull())
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("attempts", "bigint", (column) => column.notNull())
    .addColumn("since_ms", "bigint", (column) => column.notNull())
    .addColumn("due_at_ms", "bigint", (column) => column.notNull())
    .addColumn("error", "text")
    .addColumn("settled_at_ms", "bigint")
    .execute();
  await db.schema
    .createIndex("notice_delivery_recipient")
    .on("notice_delivery")
    .columns(["recipient_id", "status", "id"])
    .execute();
  await db.schema.createIndex("notice_delivery_status").on("notice_delivery").columns(["status", "id"]).execute();
  await db.schema.createIndex("notice_delivery_sequence").on("notice_delivery").column("sequence").execute();
}
