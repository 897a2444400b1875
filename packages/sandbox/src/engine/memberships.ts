import { membershipKey } from "./client-credentials.ts";
import { endConnections } from "./revoke.ts";
import { mayConnect, type Role } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** Gives a person a role in an organisation, or takes it (null). Losing the right to connect ends their connections to it. */
export function setRole(
  turn: Turn,
  change: { readonly userId: string; readonly organisationId: string; readonly role: Role | null },
): void {
  const { userId, organisationId, role } = change;
  const key = membershipKey(userId, organisationId);
  if (role === null) turn.draft.remove("memberships", key);
  else turn.draft.put("memberships", key, { userId, organisationId, role });
  if (role !== null && mayConnect[role]) return;
  const theirs = (connection: { readonly userId: string; readonly tenantId: string }) =>
    connection.userId === userId && connection.tenantId === organisationId;
  endConnections(turn, theirs, role === null ? "organisation-left" : "role-lost");
  deactivateTheirCustomConnections(turn, userId, organisationId);
}

function deactivateTheirCustomConnections(turn: Turn, userId: string, organisationId: string): void {
  for (const app of [...turn.draft.all("apps")]) {
    if (app.kind !== "custom-connection" || app.custom.state !== "active") continue;
    if (app.custom.authorisingUserId !== userId || app.custom.organisationId !== organisationId) continue;
    turn.draft.put("apps", app.clientId, { ...app, custom: { ...app.custom, state: "deactivated" } });
  }
}
