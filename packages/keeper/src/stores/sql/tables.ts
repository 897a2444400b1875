import type {
  AppId,
  CallerId,
  ChainId,
  ConnectionId,
  ConsentId,
  GrantId,
  LeaseOwner,
  NodeId,
  NoticeName,
  RecipientId,
  TokenVersionId,
} from "@evergrant/core";
import type { ColumnType, GeneratedAlways } from "kysely";
import type { OldAccessToken } from "../../ports/app-store.ts";
import type { Right } from "../../ports/caller-store.ts";
import type { ConsentLink, ConsentProgress, StoredConsent } from "../../ports/consent-store.ts";
import type { Channel, DeliveryStatus } from "../../ports/notice-store.ts";
import type { AuditSubject, NoticeEntry } from "../../ports/records.ts";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import type { Json } from "./json.ts";
import type { OperatorTables } from "./operator-tables.ts";

/** Every table of the store. Instants are milliseconds since the epoch (`…_at_ms`); `Json` columns are JSON as text. */
export interface Tables extends OperatorTables {
  readonly migration: MigrationTable;
  readonly deployment: DeploymentTable;
  readonly node: NodeTable;
  readonly node_report: NodeReportTable;
  readonly app: AppTable;
  readonly grant: GrantTable;
  readonly token_version: TokenVersionTable;
  readonly connection: ConnectionTable;
  readonly consent_link: ConsentLinkTable;
  readonly consent: ConsentTable;
  readonly caller: CallerTable;
  readonly caller_use: CallerUseTable;
  readonly used_assertion: UsedAssertionTable;
  readonly permission: PermissionTable;
  readonly narrowed_permission: NarrowedPermissionTable;
  readonly audit_record: AuditRecordTable;
  readonly audit_chain: AuditChainTable;
  readonly outbox: OutboxTable;
  readonly notice_recipient: NoticeRecipientTable;
  readonly notice_delivery: NoticeDeliveryTable;
  readonly notice_matter: NoticeMatterTable;
  readonly counter: CounterTable;
}

/** Which steps of the migration line this store has taken. */
interface MigrationTable {
  readonly name: string;
  readonly position: number;
  /** How many steps a program must know to run beside this one; null: this one too. */
  readonly compatible_from: number | null;
}

/** At most one row: `singleton` is always 1. */
interface DeploymentTable {
  readonly singleton: number;
  readonly id: string;
  readonly incarnation: number;
  readonly key_check: string;
  readonly created_at_ms: number;
  readonly operator_key_sha256: string;
  readonly quarantine: Json | null;
  readonly released: Json | null;
  /** Which key of the ring wraps what is new; null: the first that the ring names. */
  readonly primary_key: ColumnType<string | null, string | null | undefined, string | null>;
}

/** What each node last told of itself. */
interface NodeTable {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly journal_position: number;
  readonly written_at_ms: number;
}

/** What each node says of its keys and its journal. */
interface NodeReportTable {
  readonly node: NodeId;
  readonly keys: Json;
  readonly erased_to_ms: number;
  readonly told_at_ms: number;
}

interface AppTable {
  readonly id: AppId;
  readonly name: string;
  readonly provider: string;
  readonly client_id: string;
  readonly data_key: WrappedKey;
  readonly client_secrets: Json;
  readonly scopes: Json;
  readonly origins: Json | null;
  readonly created_at_ms: number;
  readonly old_access_token: OldAccessToken | null;
}

/** The state as JSON, beside it what statements look at; chain and generation repeat what the state says. */
export interface GrantTable {
  readonly id: GrantId;
  readonly app_id: AppId;
  readonly subject: string | null;
  readonly state: Json;
  readonly chain_id: ChainId | null;
  readonly generation: number;
  readonly fence: number;
  readonly lease_owner: LeaseOwner | null;
  readonly lease_until_ms: number;
  readonly due_at_ms: number | null;
  readonly data_key: WrappedKey;
  readonly erased_at_ms: ColumnType<number | null, number | null | undefined, number | null>;
}

/** Insert-only. */
export interface TokenVersionTable {
  readonly id: TokenVersionId;
  readonly grant_id: GrantId;
  readonly chain_id: ChainId;
  readonly parent_id: TokenVersionId | null;
  readonly received_at_ms: number;
  readonly access_token: Sealed;
  readonly access_expires_at_ms: number;
  readonly refresh_token: Sealed | null;
  readonly refresh_fingerprint: string | null;
  readonly scope: string | null;
}

export interface ConnectionTable {
  readonly id: ConnectionId;
  readonly name: string;
  readonly app_id: AppId;
  readonly grant_id: GrantId | null;
  readonly tenants: Json;
  readonly expected_tenant: string | null;
  readonly consent_epoch: number;
  readonly disabled_at_ms: number | null;
  readonly created_at_ms: number;
  readonly health_checked_at_ms: number | null;
  readonly warm: Json | null;
  readonly also_reached: Json | null;
}

export interface ConsentLinkTable {
  readonly hash: string;
  readonly connection_id: ConnectionId;
  readonly accept: ConsentLink["accept"];
  readonly expires_at_ms: number;
  readonly completed_at_ms: number | null;
  readonly revoked_at_ms: number | null;
  readonly created_at_ms: number;
  readonly created_by: string;
}

/** Kept when its connection goes: it says where tokens came from. */
export interface ConsentTable {
  readonly id: ConsentId;
  readonly connection_id: ConnectionId;
  readonly app_id: AppId;
  readonly link_hash: string | null;
  readonly link_epoch: number | null;
  readonly pasted_by: string | null;
  readonly started_from: Json | null;
  readonly purpose: StoredConsent["purpose"];
  readonly state_hash: string;
  readonly browser_hash: string;
  readonly nonce: string;
  readonly redirect_uri: string;
  readonly data_key: WrappedKey;
  readonly code_verifier: Sealed;
  readonly started_at_ms: number;
  readonly expires_at_ms: number;
  readonly progress_kind: ConsentProgress["kind"];
  readonly progress: Json;
}

export interface CallerTable {
  readonly id: CallerId;
  readonly name: string;
  readonly secrets: Json;
  readonly disabled_at_ms: number | null;
  readonly created_at_ms: number;
  /** Null: secrets alone, from anywhere. */
  readonly authentication: Json | null;
}

/** When each credential of a caller was used last. */
interface CallerUseTable {
  readonly caller_id: CallerId;
  readonly credential: string;
  readonly used_at_ms: number;
}

/** Assertions that were used and have not expired. */
interface UsedAssertionTable {
  readonly digest: string;
  readonly expires_at_ms: number;
}

/** One row per permission, in the order in which the caller has them. */
interface PermissionTable {
  readonly caller_id: CallerId;
  readonly position: number;
  readonly connection_id: ConnectionId;
  readonly right: Right;
}

/**
 * Narrowed permissions, of `gateway` alone, in one order with the others. In a table of their own: a program that knows nothing of
 * narrowing would read a row of `permission` as one that is not narrowed.
 */
export interface NarrowedPermissionTable {
  readonly caller_id: CallerId;
  readonly position: number;
  readonly connection_id: ConnectionId;
  readonly narrowing: Json;
}

/** Insert-only; one chain per node. */
export interface AuditRecordTable {
  readonly node: NodeId;
  readonly sequence: number;
  readonly subject_kind: AuditSubject["kind"];
  readonly subject_id: string;
  readonly at_ms: number;
  readonly by: string;
  readonly event: string;
  readonly facts: Json;
  readonly hash: string;
}

/** Where each node's chain ends, so that a record cut off its end is missed too. */
interface AuditChainTable {
  readonly node: NodeId;
  readonly sequence: number;
  readonly hash: string;
}

export interface OutboxTable {
  readonly sequence: GeneratedAlways<number>;
  readonly notice: NoticeEntry["notice"];
  readonly subject_kind: AuditSubject["kind"];
  readonly subject_id: string;
  readonly at_ms: number;
  readonly facts: Json;
  /** When it was said who gets it; what became of that stands in `notice_delivery`. */
  readonly delivered_at_ms: number | null;
}

/** Whoever is told; beside it when its next turn is, and until when somebody has one. */
export interface NoticeRecipientTable {
  readonly id: RecipientId;
  readonly channel: Channel;
  readonly address: string;
  readonly connection_id: ConnectionId | null;
  readonly only: Json | null;
  readonly data_key: WrappedKey | null;
  readonly secrets: Json;
  readonly disabled_at_ms: number | null;
  readonly created_at_ms: number;
  readonly due_at_ms: number | null;
  readonly busy_until_ms: number;
  readonly turn: number;
  readonly last_sent_at_ms: number | null;
}

export interface NoticeDeliveryTable {
  readonly id: GeneratedAlways<number>;
  readonly recipient_id: RecipientId;
  /** The notice of the outbox. */
  readonly sequence: number;
  readonly told: NoticeName;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly since_ms: number;
  readonly due_at_ms: number;
  readonly error: string | null;
  readonly settled_at_ms: number | null;
}

/** What stands, and was told. */
interface NoticeMatterTable {
  readonly key: string;
  readonly group: string;
  readonly opened_at_ms: number;
}

/** Numbers that only grow. `epoch`: callers, permissions and connections. `distribution`: whoever holds its row says who gets which notice. */
interface CounterTable {
  readonly name: "epoch" | "distribution";
  readonly value: number;
}
