import type { Transaction } from "kysely";
import { createCallerUse, createUsedAssertion } from "./authentication-tables.ts";
import { createOperatorTables } from "./create-operator-tables.ts";
import { createNotices } from "./notice-tables.ts";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

/** One step of the line; never edited once released. */
export interface Migration {
  readonly name: string;
  /**
   * How many steps of the line a program has to know to run on a store that has taken this one. A step that only adds (a table,
   * a column that may be empty or has a default) asks for no more than the step before it did: nodes that know nothing of it
   * go on beside it. One that takes something away comes a release after nobody used that any more, and says so here.
   */
  readonly compatibleFrom: number;
  up(db: Transaction<Tables>, facts: SqlFacts): Promise<void>;
}

/** The one line of steps, oldest first; only ever made longer. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "0001-first-tables",
    compatibleFrom: 1,
    async up(db, facts) {
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
    },
  },
  {
    name: "0002-incarnation",
    compatibleFrom: 1,
    async up(db) {
      await db.schema.alterTable("deployment").addColumn("quarantine", "text").execute();
      await db.schema.alterTable("deployment").addColumn("released", "text").execute();
      await createNode(db);
    },
  },
  {
    name: "0003-narrowed-permission",
    compatibleFrom: 1,
    async up(db) {
      await createNarrowedPermission(db);
    },
  },
  {
    name: "0004-caller-authentication",
    compatibleFrom: 1,
    async up(db) {
      await db.schema.alterTable("caller").addColumn("authentication", "text").execute();
      await createCallerUse(db);
      await createUsedAssertion(db);
    },
  },
  {
    name: "0005-notices",
    compatibleFrom: 1,
    up: (db, facts) => createNotices(db, facts),
  },
  {
    name: "0006-consent",
    compatibleFrom: 1,
    async up(db) {
      await db.schema.alterTable("consent").addColumn("link_epoch", "bigint").execute();
      await db.schema.alterTable("consent").addColumn("pasted_by", "text").execute();
      await db.schema.alterTable("consent").addColumn("started_from", "text").execute();
      await db.schema.createIndex("consent_link_connection").on("consent_link").column("connection_id").execute();
    },
  },
  {
    name: "0007-warm-hours",
    compatibleFrom: 1,
    async up(db) {
      await db.schema.alterTable("connection").addColumn("warm", "text").execute();
      await db.schema.alterTable("connection").addColumn("also_reached", "text").execute();
      await db.schema.alterTable("app").addColumn("old_access_token", "text").execute();
    },
  },
  {
    name: "0009-audit-by-time",
    compatibleFrom: 1,
    async up(db) {
      await db.schema
        .createIndex("audit_record_time")
        .on("audit_record")
        .columns(["at_ms", "node", "sequence"])
        .execute();
    },
  },
  {
    name: "0010-keys",
    compatibleFrom: 1,
    async up(db) {
      await db.schema.alterTable("grant").addColumn("erased_at_ms", "bigint").execute();
      const erased = db.schema.createIndex("grant_erased").on("grant").columns(["erased_at_ms", "id"]);
      await erased.where("erased_at_ms", "is not", null).execute();
      await db.schema.alterTable("deployment").addColumn("primary_key", "text").execute();
      await createNodeReport(db);
    },
  },
  {
    name: "0011-operators",
    compatibleFrom: 1,
    async up(db) {
      await createOperatorTables(db);
      await db.schema.createIndex("connection_age").on("connection").columns(["created_at_ms", "id"]).execute();
    },
  },
];

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

async function createNode(db: Schema): Promise<void> {
  await db.schema
    .createTable("node")
    .addColumn("node", "text", (column) => column.primaryKey())
    .addColumn("incarnation", "bigint", (column) => column.notNull())
    .addColumn("journal_position", "bigint", (column) => column.notNull())
    .addColumn("written_at_ms", "bigint", (column) => column.notNull())
    .execute();
}

async function createNodeReport(db: Schema): Promise<void> {
  await db.schema
    .createTable("node_report")
    .addColumn("node", "text", (column) => column.primaryKey())
    .addColumn("keys", "text", (column) => column.notNull())
    .addColumn("erased_to_ms", "bigint", (column) => column.notNull())
    .addColumn("told_at_ms", "bigint", (column) => column.notNull())
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

async function createNarrowedPermission(db: Schema): Promise<void> {
  await db.schema
    .createTable("narrowed_permission")
    .addColumn("caller_id", "text", (column) => column.notNull().references("caller.id").onDelete("cascade"))
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("connection_id", "text", (column) => column.notNull())
    .addColumn("narrowing", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("narrowed_permission_key", ["caller_id", "position"])
    .execute();
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
