import { liveConnection } from "./consent.ts";
import { endConnections } from "./revoke.ts";
import type { AccessToken, Connection, Organisation } from "./rows.ts";
import { opens } from "./scopes.ts";
import type { Turn } from "./turn.ts";

/** A bearer token as the API sees it; null: no token of ours. */
export type TokenCheck =
  | { readonly kind: "ok"; readonly access: AccessToken }
  | { readonly kind: "expired"; readonly expiredAtMs: number }
  | { readonly kind: "unauthenticated"; readonly because: "unknown" | "revoked" };

/** Checks a bearer token by its `jti`, and notes that it was used. */
export function checkAccess(turn: Turn, accessTokenId: string | null): TokenCheck {
  const access = accessTokenId === null ? undefined : turn.draft.get("accessTokens", accessTokenId);
  if (access === undefined) return { kind: "unauthenticated", because: "unknown" };
  const family = access.familyId === null ? undefined : turn.draft.get("families", access.familyId);
  if (access.revokedAtMs !== null || family?.accessEnded === true)
    return { kind: "unauthenticated", because: "revoked" };
  if (turn.nowMs >= access.expiresAtMs) return { kind: "expired", expiredAtMs: access.expiresAtMs };
  turn.draft.put("accessTokens", access.id, {
    ...access,
    firstUsedAtMs: access.firstUsedAtMs ?? turn.nowMs,
    lastUsedAtMs: turn.nowMs,
  });
  return { kind: "ok", access };
}

export interface ApiRequest {
  readonly accessTokenId: string | null;
  /** The `Xero-Tenant-Id` header; null if absent or blank. */
  readonly tenantId: string | null;
  /** One of these is enough. */
  readonly scopes: readonly string[];
}

export type RefusedAccess =
  | { readonly kind: "expired"; readonly expiredAtMs: number }
  | { readonly kind: "unauthenticated"; readonly because: "unknown" | "revoked" }
  | { readonly kind: "scope-missing"; readonly access: AccessToken }
  | { readonly kind: "tenant-refused"; readonly access: AccessToken };

export type ApiAccess =
  | { readonly kind: "ok"; readonly organisation: Organisation; readonly access: AccessToken }
  | RefusedAccess;

/** Whether one API call may go through: the token, then its scopes, then the live connection to the named tenant. */
export function apiAccess(turn: Turn, request: ApiRequest): ApiAccess {
  const checked = checkAccess(turn, request.accessTokenId);
  if (checked.kind !== "ok") return checked;
  const { access } = checked;
  if (!request.scopes.some((scope) => opens(turn, access.scopes, scope))) return { kind: "scope-missing", access };
  const organisation = organisationOf(turn, access, request.tenantId);
  return organisation === undefined ? { kind: "tenant-refused", access } : { kind: "ok", organisation, access };
}

/**
 * The connections that `GET /connections` lists for a token, oldest first: those of its person, or, with `app.connections`,
 * those of everybody to its app. Else the call is not allowed to it.
 */
export function listConnections(
  turn: Turn,
  access: AccessToken,
  authEventId: string | null,
): readonly Connection[] | "scope-missing" | "tenant-refused" {
  const live = liveConnections(turn, access);
  if (typeof live === "string") return live;
  return live.filter((connection) => authEventId === null || connection.authEventId === authEventId.toLowerCase());
}

export type DeleteOutcome = "deleted" | "not-found" | "wrong-kind-of-id";

/** `DELETE /connections/{id}`: takes the connection's id, not the tenant's. */
export function deleteConnection(turn: Turn, access: AccessToken, id: string): DeleteOutcome {
  const listed = listConnections(turn, access, null);
  const mine = typeof listed === "string" ? [] : listed;
  if (mine.some((connection) => connection.tenantId === id)) return "wrong-kind-of-id";
  if (access.userId === null || !mine.some((connection) => connection.id === id)) return "not-found";
  endConnections(turn, (connection) => connection.id === id, "deleted-by-app");
  return "deleted";
}

function organisationOf(turn: Turn, access: AccessToken, tenantId: string | null): Organisation | undefined {
  if (access.userId !== null) {
    const connection =
      tenantId === null ? undefined : liveConnection(turn, access.clientId, access.userId, tenantId.toLowerCase());
    return connection === undefined ? undefined : turn.draft.get("organisations", connection.tenantId);
  }
  const app = turn.draft.get("apps", access.clientId);
  if (app?.kind !== "custom-connection" || app.custom.state !== "active") return undefined;
  const own = app.custom.organisationId;
  // Authorised for another organisation since: the token was not given for that one.
  if (access.organisationId !== undefined && access.organisationId !== own) return undefined;
  const named = tenantId === null ? turn.switches["cc.tenant_header"] === "optional" : tenantId.toLowerCase() === own;
  return named && own !== null ? turn.draft.get("organisations", own) : undefined;
}

function liveConnections(turn: Turn, access: AccessToken): readonly Connection[] | "scope-missing" | "tenant-refused" {
  if (access.userId !== null) return connectionsTo(turn, access.clientId, access.userId);
  if (turn.draft.get("apps", access.clientId)?.kind === "custom-connection") return customConnections(turn, access);
  return access.scopes.includes("app.connections") ? connectionsTo(turn, access.clientId, null) : "scope-missing";
}

/** The live connections to an app, of one person or (null) of everybody. */
function connectionsTo(turn: Turn, clientId: string, userId: string | null): readonly Connection[] {
  const all = userId === null ? [...turn.draft.all("connections")] : turn.draft.connectionsOf(userId);
  return all
    .filter((connection) => connection.endedAtMs === null && connection.clientId === clientId)
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
}

function customConnections(turn: Turn, access: AccessToken): readonly Connection[] | "tenant-refused" {
  switch (turn.switches["cc.connections"]) {
    case "empty":
      return [];
    case "forbidden":
      return "tenant-refused";
    case "one": {
      const app = turn.draft.get("apps", access.clientId);
      if (app?.kind !== "custom-connection" || app.custom.organisationId === null) return [];
      if (organisationOf(turn, access, app.custom.organisationId) === undefined) return [];
      const atMs = app.custom.authorisedAtMs ?? app.createdAtMs;
      const facts = {
        id: app.custom.connectionId,
        clientId: app.clientId,
        userId: app.custom.authorisingUserId,
        tenantId: app.custom.organisationId,
      };
      return [
        {
          ...facts,
          authEventId: app.custom.connectionId,
          createdAtMs: atMs,
          updatedAtMs: atMs,
          endedAtMs: null,
          endedReason: null,
        },
      ];
    }
  }
}
