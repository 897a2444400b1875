import { sameTenant } from "@evergrant/core";
import type { ConnectionTenant, ReachedTenant, StoredConnection } from "../ports/connection-store.ts";
import type { Tenant } from "../ports/provider-api.ts";
import type { AuditEntry, NoticeEntry, Records } from "../ports/records.ts";

/** What the provider's list says, against what is known: of one connection, and of all that stand on its grant. */
export interface Listing {
  readonly listed: readonly Tenant[];
  /** Organisations of all connections on the grant, this one's among them. */
  readonly ofGrant: readonly string[];
  readonly atMs: number;
}

/** The connection after a look at the provider's list, and what there is to tell: gone, back, renamed, reached besides. */
export function afterLook(
  connection: StoredConnection,
  look: Listing,
): { readonly connection: StoredConnection; readonly records: Records } {
  const { listed, ofGrant, atMs } = look;
  const tenants = connection.tenants.map((tenant) => seen(tenant, listed, atMs));
  const { alsoReached: before = [], ...rest } = connection;
  const alsoReached: readonly ReachedTenant[] = listed
    .filter(({ id }) => !ofGrant.some((known) => sameTenant(known, id)))
    .map(({ id, name }) => ({ id, name }));
  const after = { ...rest, tenants, healthCheckedAtMs: atMs };
  const changes = [...tenantChanges(connection.tenants, tenants), ...reachChanges(before, alsoReached)];
  return {
    connection: alsoReached.length === 0 ? after : { ...after, alsoReached },
    records: recordsOf(connection, changes, atMs),
  };
}

type TenantEvent =
  | "tenant-gone"
  | "tenant-back"
  | "tenant-renamed"
  | "tenant-also-reached"
  | "tenant-no-longer-reached";

interface Change {
  readonly event: TenantEvent;
  readonly facts: Readonly<Record<string, string>>;
}

function seen(known: ConnectionTenant, listed: readonly Tenant[], atMs: number): ConnectionTenant {
  const now = listed.find((tenant) => tenant.id === known.id);
  const status = now === undefined ? "gone" : "connected";
  return { ...known, ...now, status, sinceMs: status === known.status ? known.sinceMs : atMs };
}

function tenantChanges(before: readonly ConnectionTenant[], after: readonly ConnectionTenant[]): readonly Change[] {
  return after.flatMap((tenant, index) => {
    const old = before[index];
    const facts = { tenant: tenant.id, name: tenant.name };
    const changes: Change[] = [];
    if (old !== undefined && old.name !== tenant.name)
      changes.push({ event: "tenant-renamed", facts: { ...facts, before: old.name } });
    if (old?.status !== tenant.status)
      changes.push({ event: tenant.status === "gone" ? "tenant-gone" : "tenant-back", facts });
    return changes;
  });
}

function reachChanges(before: readonly ReachedTenant[], after: readonly ReachedTenant[]): readonly Change[] {
  const missingFrom = (others: readonly ReachedTenant[]) => (tenant: ReachedTenant) =>
    !others.some(({ id }) => sameTenant(id, tenant.id));
  const told = (event: TenantEvent, tenants: readonly ReachedTenant[]): readonly Change[] =>
    tenants.map(({ id, name }) => ({ event, facts: { tenant: id, name } }));
  return [
    ...told("tenant-also-reached", after.filter(missingFrom(before))),
    ...told("tenant-no-longer-reached", before.filter(missingFrom(after))),
  ];
}

function recordsOf({ id }: StoredConnection, changes: readonly Change[], atMs: number): Records {
  const subject = { kind: "connection", id } as const;
  const audit: AuditEntry[] = changes.map(({ event, facts }) => ({ event, subject, atMs, by: "keeper", facts }));
  const notices: NoticeEntry[] = changes
    .map(({ event, facts }) =>
      event === "tenant-gone" || event === "tenant-back" ? { notice: event, subject, atMs, facts } : null,
    )
    .filter((notice) => notice !== null);
  return { audit, notices };
}
