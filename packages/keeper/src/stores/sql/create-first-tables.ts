import type { Transaction } from "kysely";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/** The tables that the line began with. */
export async function createFirstTables(db: Transaction<Tables>, facts: SqlFacts): Promise<void> {
  await createDeployment(db);
  await createApp(db);
  await createGrant(db);
  await createTokenVersion(db);
  await createConnection(db);
  await createConsentLink(db);
  await createConsent(db);
  await createCaller(db);
  await createPermission(db);
  await createAudit(db);
  await createOutbox(db, facts);
  await createCounter(db);
}

type Schema = Transaction<Tables>;

async function createDeployment(db: Schema): Promise<void> {
  await db.schema
    .createTable("deployment")
    .addColumn("singleton", "bigint", (column) => column.primaryKey())
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("incarnation", "bigint", (column) => column.notNull())
    .addColumn("key_check", "text", (column) => column.notNull())
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("operator_key_sha256", "text", (column) => column.notNull())
    .execute();
}

async function createApp(db: Schema): Promise<void> {
  await db.schema
    .createTable("app")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("client_id", "text", (column) => column.notNull())
    .addColumn("data_key", "text", (column) => column.notNull())
    .addColumn("client_secrets", "text", (column) => column.notNull())
    .addColumn("scopes", "text", (column) => column.notNull())
    .addColumn("origins", "text")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .execute();
}

async function createGrant(db: Schema): Promise<void> {
  await db.schema
    .createTable("grant")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("app_id", "text", (column) => column.notNull().references("app.id"))
    .addColumn("subject", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("chain_id", "text")
    .addColumn("generation", "bigint", (column) => column.notNull())
    .addColumn("fence", "bigint", (column) => column.notNull())
    .addColumn("lease_owner", "text")
    .addColumn("lease_until_ms", "bigint", (column) => column.notNull())
    .addColumn("due_at_ms", "bigint")
    .addColumn("data_key", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("grant_app_subject")
    .unique()
    .on("grant")
    .columns(["app_id", "subject"])
    .where("subject", "is not", null)
    .execute();
  await db.schema.createIndex("grant_due").on("grant").columns(["due_at_ms", "id"]).execute();
}

async function createTokenVersion(db: Schema): Promise<void> {
  await db.schema
    .createTable("token_version")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("grant_id", "text", (column) => column.notNull().references("grant.id"))
    .addColumn("chain_id", "text", (column) => column.notNull())
    .addColumn("parent_id", "text")
    .addColumn("received_at_ms", "bigint", (column) => column.notNull())
    .addColumn("access_token", "text", (column) => column.notNull())
    .addColumn("access_expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("refresh_token", "text")
    .addColumn("refresh_fingerprint", "text")
    .addColumn("scope", "text")
    .execute();
  await db.schema
    .createIndex("token_version_chain")
    .on("token_version")
    .columns(["grant_id", "chain_id", "received_at_ms", "id"])
    .execute();
  await db.schema
    .createIndex("token_version_fingerprint")
    .on("token_version")
    .column("refresh_fingerprint")
    .where("refresh_fingerprint", "is not", null)
    .execute();
}

async function createConnection(db: Schema): Promise<void> {
  await db.schema
    .createTable("connection")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("app_id", "text", (column) => column.notNull().references("app.id"))
    .addColumn("grant_id", "text", (column) => column.references("grant.id"))
    .addColumn("tenants", "text", (column) => column.notNull())
    .addColumn("expected_tenant", "text")
    .addColumn("consent_epoch", "bigint", (column) => column.notNull())
    .addColumn("disabled_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("health_checked_at_ms", "bigint")
    .execute();
  await db.schema.createIndex("connection_grant").on("connection").column("grant_id").execute();
}

async function createConsentLink(db: Schema): Promise<void> {
  await db.schema
    .createTable("consent_link")
    .addColumn("hash", "text", (column) => column.primaryKey())
    .addColumn("connection_id", "text", (column) => column.notNull())
    .addColumn("accept", "text", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("completed_at_ms", "bigint")
    .addColumn("revoked_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .execute();
}

async function createConsent(db: Schema): Promise<void> {
  await db.schema
    .createTable("consent")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("connection_id", "text", (column) => column.notNull())
    .addColumn("app_id", "text", (column) => column.notNull().references("app.id"))
    .addColumn("link_hash", "text")
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("state_hash", "text", (column) => column.notNull().unique())
    .addColumn("browser_hash", "text", (column) => column.notNull())
    .addColumn("nonce", "text", (column) => column.notNull())
    .addColumn("redirect_uri", "text", (column) => column.notNull())
    .addColumn("data_key", "text", (column) => column.notNull())
    .addColumn("code_verifier", "text", (column) => column.notNull())
    .addColumn("started_at_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("progress_kind", "text", (column) => column.notNull())
    .addColumn("progress", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("consent_connection")
    .on("consent")
    .columns(["connection_id", "started_at_ms", "id"])
    .execute();
  await db.schema
    .createIndex("consent_progress")
    .on("consent")
    .columns(["progress_kind", "started_at_ms", "id"])
    .execute();
}

async function createCaller(db: Schema): Promise<void> {
  await db.schema
    .createTable("caller")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("secrets", "text", (column) => column.notNull())
    .addColumn("disabled_at_ms", "bigint")
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .execute();
}

async function createPermission(db: Schema): Promise<void> {
  await db.schema
    .createTable("permission")
    .addColumn("caller_id", "text", (column) => column.notNull().references("caller.id").onDelete("cascade"))
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("connection_id", "text", (column) => column.notNull())
    .addColumn("right", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("permission_key", ["caller_id", "position"])
    .execute();
  await db.schema.createIndex("permission_connection").on("permission").column("connection_id").execute();
}

async function createAudit(db: Schema): Promise<void> {
  await db.schema
    .createTable("audit_record")
    .addColumn("node", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("subject_kind", "text", (column) => column.notNull())
    .addColumn("subject_id", "text", (column) => column.notNull())
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("by", "text", (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("facts", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("audit_record_key", ["node", "sequence"])
    .execute();
  await db.schema
    .createIndex("audit_record_subject")
    .on("audit_record")
    .columns(["subject_kind", "subject_id", "at_ms", "sequence"])
    .execute();
  await db.schema
    .createTable("audit_chain")
    .addColumn("node", "text", (column) => column.primaryKey())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
}

async function createOutbox(db: Schema, facts: SqlFacts): Promise<void> {
  await db.schema
    .createTable("outbox")
    .addColumn("sequence", facts.identity.type, facts.identity.define)
    .addColumn("notice", "text", (column) => column.notNull())
    .addColumn("subject_kind", "text", (column) => column.notNull())
    .addColumn("subject_id", "text", (column) => column.notNull())
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("facts", "text", (column) => column.notNull())
    .addColumn("delivered_at_ms", "bigint")
    .execute();
}

async function createCounter(db: Schema): Promise<void> {
  await db.schema
    .createTable("counter")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("value", "bigint", (column) => column.notNull())
    .execute();
}
