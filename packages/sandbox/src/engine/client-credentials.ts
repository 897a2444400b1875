import { explicitScopesRefused } from "./custom-connection-scopes.ts";
import { issueAccess, type TokenSet } from "./issue-tokens.ts";
import { isBought } from "./purchases.ts";
import { type App, mayConnect } from "./rows.ts";
import { APP_LEVEL_SCOPES } from "./scopes.ts";
import type { Turn } from "./turn.ts";

export type ClientCredentialsOutcome =
  | { readonly kind: "issued"; readonly tokens: TokenSet }
  /** An app without a secret cannot speak for itself. */
  | { readonly kind: "grant-not-allowed" }
  | { readonly kind: "inactive" }
  | { readonly kind: "invalid-scope" };

/**
 * The client-credentials grant (RFC 6749 §4.4), without a refresh token: for a Custom Connection access to its one organisation,
 * for an ordinary app what needs no organisation.
 */
export function clientCredentials(turn: Turn, app: App, scopes: readonly string[] | null): ClientCredentialsOutcome {
  switch (app.kind) {
    case "pkce":
      return { kind: "grant-not-allowed" };
    case "web":
      return appCredentials(turn, app, scopes);
    case "custom-connection":
      return customCredentials(turn, app, scopes);
  }
}

function appCredentials(turn: Turn, app: App, scopes: readonly string[] | null): ClientCredentialsOutcome {
  const may = APP_LEVEL_SCOPES.filter((scope) => app.scopes === null || app.scopes.includes(scope));
  if (scopes === null && turn.switches["app_credentials.omitted_scope"] === "refuse") return { kind: "invalid-scope" };
  const wanted = scopes ?? may;
  if (wanted.length === 0 || !wanted.every((scope) => may.includes(scope))) return { kind: "invalid-scope" };
  return issued(turn, app, wanted);
}

function customCredentials(
  turn: Turn,
  app: Extract<App, { readonly kind: "custom-connection" }>,
  scopes: readonly string[] | null,
): ClientCredentialsOutcome {
  if (app.custom.state !== "active") return { kind: "inactive" };
  const configured = app.scopes ?? [];
  if (scopes !== null) {
    if (explicitScopesRefused(turn, app)) return { kind: "invalid-scope" };
    if (!scopes.every((scope) => configured.includes(scope))) return { kind: "invalid-scope" };
  }
  return issued(turn, app, scopes ?? configured);
}

function issued(turn: Turn, app: App, scopes: readonly string[]): ClientCredentialsOutcome {
  const organisationId = app.kind === "custom-connection" ? app.custom.organisationId : null;
  const bound = organisationId === null ? {} : { organisationId };
  const access = issueAccess(turn, { clientId: app.clientId, family: null, scopes, ...bound });
  return { kind: "issued", tokens: { access, refresh: null, family: null, scopes } };
}

export type AuthoriseRefusal =
  | "unknown-app"
  | "not-a-custom-connection"
  | "not-a-member"
  | "role-may-not-connect"
  | "region"
  | "not-bought";

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
  if (!isBought(turn, clientId, organisation)) return "not-bought";
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
