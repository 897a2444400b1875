import type { Connection, RemovalPlan } from "@evergrant/contract";
import { localInstant } from "./instants.ts";
import { factsText, table } from "./table.ts";

/** All connections, one line each. */
export function connectionTable(connections: readonly Connection[]): string {
  if (connections.length === 0) return "No connections yet. Make one with: evergrant connect NAME --app APP";
  return table(
    ["NAME", "STATUS", "ORGANISATIONS", "APP", "TOKEN UNTIL"],
    connections.map((each) => [
      each.name,
      each.status,
      organisations(each),
      each.app,
      each.accessExpiresAtMs === null ? "-" : localInstant(each.accessExpiresAtMs),
    ]),
  );
}

/** One connection with all that is known of it. */
export function connectionText(connection: Connection): string {
  const { trouble } = connection;
  const facts: readonly (readonly [string, string])[] = [
    ["Status", connection.status],
    ["Organisations", organisations(connection)],
    ["Also reached", connection.alsoReached.map(({ name }) => name).join(", ") || "-"],
    ["App", `${connection.app} (${connection.provider}, ${connection.kind})`],
    ["Consented by", connection.subject ?? "-"],
    ["Expected", connection.expectedTenant ?? "whatever whoever sends the link accepts"],
    ["Scope", connection.scope ?? "-"],
    ["Missing scopes", connection.missingScopes.join(" ") || "-"],
    ["Token until", instantOrDash(connection.accessExpiresAtMs)],
    ["Renewed", instantOrDash(connection.renewedAtMs)],
    ["Lapses", instantOrDash(connection.lapsesAtMs)],
    ["Looked at", instantOrDash(connection.checkedAtMs)],
    ["Missing scopes", connection.missingScopes.join(" ") || "-"],
    ["Kept warm", warmText(connection.warm)],
    ["Shares grant with", connection.sharedWith.join(", ") || "-"],
    ["Trouble", trouble === null ? "-" : `${trouble.kind} (${trouble.detail}) since ${localInstant(trouble.sinceMs)}`],
  ];
  return factsText(connection.name, facts);
}

function warmText(warm: Connection["warm"]): string {
  switch (warm.kind) {
    case "always":
      return "always";
    case "idle":
      return "while somebody uses it";
    case "cron":
      return `for ${warm.cron} (${warm.zone})`;
  }
}

/** What the removal of a connection ends, said before it is done. */
export function disconnectText({ connection, disconnect }: RemovalPlan): string {
  return factsText(`Removing ${connection} ends:`, [
    ["Disconnected", listed(disconnect.tenants)],
    ["Left connected", listed(disconnect.keptTenants)],
    ["Callers that lose it", listed(disconnect.callers)],
    [
      "Its grant",
      disconnect.grantRevoked ? "is revoked: this is its last connection" : keptGrant(disconnect.remaining),
    ],
  ]);
}

/** What the revocation of a grant ends, said before it is done. */
export function revocationText({ connection, revoke }: RemovalPlan): string {
  if (revoke === null) return `Nobody has consented to ${connection}: there is nothing to revoke.`;
  return factsText(`Revoking the grant of ${connection} ends:`, [
    ["Connections", listed(revoke.connections)],
    ["Organisations", listed(revoke.tenants)],
    ["Callers that lose them", listed(revoke.callers)],
    ["Waiting consents", String(revoke.waitingConsents)],
    ["At the provider", "also whatever else this person connected to the app, where it ends all of it together"],
  ]);
}

function keptGrant(remaining: readonly string[]): string {
  return remaining.length === 0 ? "there is none" : `lives on for ${remaining.join(", ")}`;
}

function listed(names: readonly string[]): string {
  return names.join(", ") || "-";
}

function organisations({ tenants }: Connection): string {
  return tenants.map(({ name, status }) => (status === "gone" ? `${name} (gone)` : name)).join(", ") || "-";
}

function instantOrDash(atMs: number | null): string {
  return atMs === null ? "-" : localInstant(atMs);
}
