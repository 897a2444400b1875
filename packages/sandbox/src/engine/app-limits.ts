import type { LedgerView } from "./ledger.ts";
import { endConnections } from "./revoke.ts";
import { type App, type Connection, TIER_CONNECTIONS } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** At most so many apps without certification at one organisation. Custom Connections do not count. */
const MOST_UNCERTIFIED_APPS = 2;

/** Several organisations in one consent are for the higher tiers alone. */
export const mayConnectInBulk = (app: App): boolean => app.tier === "advanced" || app.tier === "enterprise";

export type LimitRefusal = "connection-limit" | "third-uncertified-app";

/** Whether an app may be connected to these organisations as well; null: it may. */
export function limitRefusal(turn: Turn, app: App, tenantIds: readonly string[]): LimitRefusal | null {
  const cap = app.tier === undefined ? null : TIER_CONNECTIONS[app.tier];
  if (cap !== null && new Set([...tenantsOf(turn.draft, app.clientId), ...tenantIds]).size > cap)
    return "connection-limit";
  if (turn.switches.third_uncertified_app === "push-out") return null;
  const full = (tenantId: string) => othersAt(turn.draft, app, tenantId).length >= MOST_UNCERTIFIED_APPS;
  return app.certified === false && tenantIds.some(full) ? "third-uncertified-app" : null;
}

/** Where a third uncertified app pushes another out: ends the connections of the one that was renewed longest ago. */
export function makeRoom(turn: Turn, app: App, tenantId: string): void {
  if (app.certified !== false) return;
  const others = othersAt(turn.draft, app, tenantId);
  if (others.length < MOST_UNCERTIFIED_APPS) return;
  const pushed = others[0];
  endConnections(
    turn,
    (connection) => connection.clientId === pushed && connection.tenantId === tenantId,
    "pushed-out",
  );
}

const isLive = (connection: Connection): boolean => connection.endedAtMs === null;

const tenantsOf = (view: LedgerView, clientId: string): readonly string[] =>
  [...view.all("connections")]
    .filter((connection) => isLive(connection) && connection.clientId === clientId)
    .map((connection) => connection.tenantId);

/** The other uncertified apps at an organisation, the one renewed longest ago first. */
function othersAt(view: LedgerView, app: App, tenantId: string): readonly string[] {
  const here = [...view.all("connections")]
    .filter((connection) => isLive(connection) && connection.tenantId === tenantId)
    .filter(({ clientId }) => clientId !== app.clientId && view.get("apps", clientId)?.certified === false);
  const renewedAtMs = new Map<string, number>();
  for (const { clientId, updatedAtMs } of here)
    renewedAtMs.set(clientId, Math.max(updatedAtMs, renewedAtMs.get(clientId) ?? 0));
  return [...renewedAtMs].sort(([, a], [, b]) => a - b).map(([clientId]) => clientId);
}
