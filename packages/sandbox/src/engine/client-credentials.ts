import { issueAccess, type TokenSet } from "./issue-tokens.ts";
import { type App, mayConnect } from "./rows.ts";
import type { Turn } from "./turn.ts";

export type ClientCredentialsOutcome =
  | { readonly kind: "issued"; readonly tokens: TokenSet }
  /** Only Custom Connections have this grant. */
  | { readonly kind: "grant-not-allowed" }
  | { readonly kind: "inactive" }
  | { readonly kind: "invalid-scope" };

/** The client-credentials grant of a Custom Connection (RFC 6749 §4.4): one organisation, no refresh token. */
export function clientCredentials(turn: Turn, app: App, scopes: readonly string[] | null): ClientCredentialsOutcome {
  if (app.kind !== "custom-connection") return { kind: "grant-not-allowed" };
  if (app.custom.state !== "active") return { kind: "inactive" };
  const configured = app.scopes ?? [];
  if (scopes !== null) {
    if (turn.switches["cc.scope_rule"] === "reject-explicit") return { kind: "invalid-scope" };
    if (!scopes.every((scope) => configured.includes(scope))) return { kind: "invalid-scope" };
  }
  const granted = scopes ?? configured;
  const access = issueAccess(turn, { clientId: app.clientId, family: null, scopes: granted });
  return { kind: "issued", tokens: { access, refresh: null, family: null, scopes: granted } };
}

export type AuthoriseRefusal =
  | "unknown-app"
  | "not-a-custom-connection"
  | "not-a-member"
  | "role-may-not-connect"
  | "region";

/** Custom Connections exist for organisations in these countries only. */
export const CUSTOM_CONNECTION_COUNTRIES: readonly string[] = ["AU", "NZ", "GB", "US"];

/** The authorising user says yes to one organisation: the Custom Connection becomes active. Null: done. */
export function authoriseCustomConnection(
  turn: Turn,
  clientId: string,
  organisationId: string,
): AuthoriseRefusal | null {
  const app = turn.draft.get("apps", clientId);
  if (app === undefined) return "unknown-app";
  if (app.kind !== "custom-connection") return "not-a-custom-connection";
  const membership = turn.draft.get("memberships", membershipKey(app.custom.authorisingUserId, organisationId));
  const organisation = turn.draft.get("organisations", organisationId);
  if (membership === undefined || organisation === undefined) return "not-a-member";
  if (!mayConnect[membership.role]) return "role-may-not-connect";
  if (!CUSTOM_CONNECTION_COUNTRIES.includes(organisation.countryCode)) return "region";
  const custom = { ...app.custom, organisationId, state: "active" as const, authorisedAtMs: turn.nowMs };
  turn.draft.put("apps", clientId, { ...app, custom });
  return null;
}

/** Ends a Custom Connection until it is authorised again; its access tokens answer 403 at the API. */
export function deactivateCustomConnection(turn: Turn, clientId: string): boolean {
  const app = turn.draft.get("apps", clientId);
  if (app?.kind !== "custom-connection") return false;
  turn.draft.put("apps", clientId, { ...app, custom: { ...app.custom, state: "deactivated" } });
  return true;
}

export const membershipKey = (userId: string, organisationId: string): string => `${userId}:${organisationId}`;
