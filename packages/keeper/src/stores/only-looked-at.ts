import type { StoredConnection } from "../ports/connection-store.ts";

/**
 * Whether nothing changed but when somebody last looked at the provider's list of tenants. That concerns no other node, so it does not
 * raise the epoch: with many connections all nodes would read all of them again at every look.
 */
export function isOnlyLookedAt(before: StoredConnection, after: StoredConnection): boolean {
  return before.healthCheckedAtMs !== after.healthCheckedAtMs && textOf(before) === textOf(after);
}

function textOf(connection: StoredConnection): string {
  return JSON.stringify({ ...connection, healthCheckedAtMs: null });
}
