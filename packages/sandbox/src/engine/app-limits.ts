import type { LedgerView } from "./ledger.ts";
import { endConnections } from "./revoke.ts";
import type { App, Connection } from "./rows.ts";
import { TIER_LIMITS, type Tier } from "./tiers.ts";
import type { Turn } from "./turn.ts";

/** At most so many apps without certification at one organisation. Custom Connections do not count. */
const MOST_UNCERTIFIED_APPS = 2;

/** Outside the tiers, as Custom Connections are. */
const CALLS_PER_DAY_WITHOUT_TIER = 5000;

/** The tier of an app, or the one that a switch gives to all of them; undefined: it is outside the tiers. */
function tierOf({ switches }: Turn, app: App | undefined): Tier | undefined {
  const forAll = switches["limits.tier"];
  return app?.tier === undefined || forAll === "by-app" ? app?.tier : forAll;
}

/** Several organisations in one consent are for the higher tiers alone. */
export function mayConnectInBulk(turn: Turn, app: App): boolean {
  const tier = tierOf(turn, app);
  return tier === "advanced" || tier === "enterprise";
}

/** How many calls a day an app may make to one organisation. */
export function callsPerDay(turn: Turn, clientId: string): number {
  const tier = tierOf(turn, turn.draft.get("apps", clientId));
  return tier === undefined ? CALLS_PER_DAY_WITHOUT_TIER : TIER_LIMITS[tier].callsPerDay;
}

export type LimitRefusal = "connection-limit" | "third-uncertified-app";

/** Whether an app may be connected to these organisations as well; null: it may. */
export function limitRefusal(turn: Turn, app: App, tenantIds: readonly string[]): LimitRefusal | null {
  const tier = tierOf(turn, app);
  const cap = tier === undefined ? null : TIER_LIMITS[tier].connections;
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
