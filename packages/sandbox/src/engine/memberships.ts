import { membershipKey } from "./client-credentials.ts";
import { endConnections } from "./revoke.ts";
import { type CustomConnection, mayConnect, type Role } from "./rows.ts";
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
  deactivateCustomConnections(
    turn,
    (custom) => custom.authorisingUserId === userId && custom.organisationId === organisationId,
  );
}

/** The demo company starts afresh: every app loses its connection to it, the tokens live on, and the books are as on the first day. */
export function resetDemoCompany(turn: Turn, organisationId: string): "reset" | "unknown" | "no-demo-company" {
  const organisation = turn.draft.get("organisations", organisationId);
  if (organisation === undefined) return "unknown";
  if (!organisation.isDemoCompany) return "no-demo-company";
  endConnections(turn, (connection) => connection.tenantId === organisationId, "demo-reset");
  deactivateCustomConnections(turn, (custom) => custom.organisationId === organisationId);
  turn.beginBooks(organisation);
  return "reset";
}

function deactivateCustomConnections(turn: Turn, concerns: (custom: CustomConnection) => boolean): void {
  for (const app of [...turn.draft.all("apps")]) {
    if (app.kind !== "custom-connection" || app.custom.state !== "active" || !concerns(app.custom)) continue;
    turn.draft.put("apps", app.clientId, { ...app, custom: { ...app.custom, state: "deactivated" } });
  }
}
