import type { Transaction } from "kysely";
import { createCallerUse, createUsedAssertion } from "./authentication-tables.ts";
import { createFirstTables } from "./create-first-tables.ts";
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
    up: (db, facts) => createFirstTables(db, facts),
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
