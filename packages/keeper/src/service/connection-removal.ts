import type { ConnectionId } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { RemovalPlan } from "./connecting.ts";
import type { ServiceContext } from "./service-context.ts";

/** What removing a connection, or revoking its grant, would end: told before anything is done. */
export async function planRemoval(context: ServiceContext, connection: StoredConnection): Promise<RemovalPlan> {
  const { store } = context;
  const sharing = connection.grant === null ? [] : await store.connections.ofGrant(connection.grant);
  const others = sharing.filter((other) => other.id !== connection.id);
  const { gone, kept } = splitTenants(connection, others);
  const callers = await store.callers.list();
  const callersOf = (ids: readonly ConnectionId[]) =>
    callers
      .filter(({ permissions }) => permissions.some((permission) => ids.includes(permission.connection)))
      .map(({ name }) => name);
  const waiting = await store.consents.held(WAITING_AT_MOST);
  const isLast = connection.grant !== null && others.length === 0;
  return {
    connection: connection.name,
    disconnect: {
      tenants: gone.map(({ name }) => name),
      keptTenants: kept.map(({ name }) => name),
      connections: [connection.name],
      remaining: others.map(({ name }) => name),
      callers: callersOf([connection.id]),
      grantRevoked: isLast,
    },
    revoke:
      connection.grant === null
        ? null
        : {
            tenants: [...new Set(sharing.flatMap(({ tenants }) => tenants.map(({ name }) => name)))],
            connections: sharing.map(({ name }) => name),
            callers: callersOf(sharing.map(({ id }) => id)),
            waitingConsents: waiting.filter(
              ({ progress }) => progress.kind === "held" && progress.grant === connection.grant,
            ).length,
          },
  };
}

const WAITING_AT_MOST = 1_000;

/** The tenants of a connection that no other connection of its grant needs, and those that one does. */
export function splitTenants(connection: StoredConnection, others: readonly StoredConnection[]) {
  const needed = new Set(others.flatMap((other) => other.tenants.map((tenant) => tenant.id)));
  return {
    gone: connection.tenants.filter((tenant) => !needed.has(tenant.id)),
    kept: connection.tenants.filter((tenant) => needed.has(tenant.id)),
  };
}
