import type { OperatorId, OperatorRole } from "@evergrant/core";
import type { Transaction } from "kysely";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import type { Json, Tables } from "./tables.ts";

type Schema = Transaction<Tables>;

/** Who runs Evergrant, who of them has signed in, and what they asked to be made. */
export interface OperatorTables {
  readonly operator: OperatorTable;
  readonly operator_use: OperatorUseTable;
  readonly operator_session: OperatorSessionTable;
  readonly idempotent_create: IdempotentCreateTable;
}

export interface OperatorTable {
  readonly id: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  readonly keys: Json;
  readonly identity: Json | null;
  readonly disabled_at_ms: number | null;
  readonly created_at_ms: number;
}

/** When each key of an operator was used last. */
interface OperatorUseTable {
  readonly operator_id: OperatorId;
  readonly credential: string;
  readonly used_at_ms: number;
}

interface OperatorSessionTable {
  readonly sha256: string;
  readonly operator_id: OperatorId;
  readonly credential: string;
  readonly started_at_ms: number;
  readonly seen_at_ms: number;
}

/** `data_key` and `answer` are there together or not at all. */
export interface IdempotentCreateTable {
  readonly key: string;
  readonly request_mac: string;
  readonly started_at_ms: number;
  readonly data_key: WrappedKey | null;
  readonly answer: Sealed | null;
}

export async function createOperatorTables(db: Schema): Promise<void> {
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
    .addColumn("data_key", "text")
    .addColumn("answer", "text")
    .execute();
  await db.schema.createIndex("idempotent_create_start").on("idempotent_create").column("started_at_ms").execute();
}
