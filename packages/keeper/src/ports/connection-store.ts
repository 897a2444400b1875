import type { AppId, ConnectionId, GrantId, WarmHours } from "@evergrant/core";
import type { ListPlace } from "./list-place.ts";
import type { PinnedOrigins } from "./provider.ts";
import type { Tenant } from "./provider-api.ts";
import type { Records } from "./records.ts";

/** Our name for a grant plus the organisations reached through it. */
export interface StoredConnection {
  readonly id: ConnectionId;
  readonly name: string;
  readonly app: AppId;
  /** Null until its first consent is accepted (or, for a Custom Connection, from the start its own grant). */
  readonly grant: GrantId | null;
  readonly tenants: readonly ConnectionTenant[];
  readonly expectedTenant: string | null;
  /** Raised to make every re-consent link sent so far invalid. */
  readonly consentEpoch: number;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
  readonly healthCheckedAtMs: number | null;
  /** When a token is kept ready without anybody asking. Absent: while somebody uses it. */
  readonly warm?: WarmHours;
  /** Organisations that the provider lists beside those of the connection: its token reaches them too. Absent: none. */
  readonly alsoReached?: readonly ReachedTenant[];
}

export type ReachedTenant = Pick<Tenant, "id" | "name">;

export interface ConnectionTenant extends Tenant {
  readonly status: "connected" | "gone";
  readonly sinceMs: number;
  /** Where its data lie, where that differs from grant to grant; as it was at consent. */
  readonly pinned?: PinnedOrigins;
}

export interface ConnectionStore {
  list(): Promise<readonly StoredConnection[]>;
  /** The list from a place on. */
  page(after: ListPlace | null, limit: number): Promise<readonly StoredConnection[]>;
  find(id: ConnectionId): Promise<StoredConnection | undefined>;
  findByName(name: string): Promise<StoredConnection | undefined>;
  /** All connections that stand on one grant. */
  ofGrant(grant: GrantId): Promise<readonly StoredConnection[]>;
  create(connection: StoredConnection, records: Records): Promise<"created" | "name-taken">;
  /** Reads, lets `decide` answer (null: nothing to write), writes: one transaction. False where there is no such connection. */
  change(
    id: ConnectionId,
    decide: (connection: StoredConnection) => { connection: StoredConnection; records: Records } | null,
  ): Promise<boolean>;
  remove(id: ConnectionId, records: Records): Promise<boolean>;
}
