import type { EndedReason, Family, RefreshToken, RevokedReason } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** Ends one consent's tokens. The rows stay: they are the evidence. */
export function revokeFamily(turn: Turn, family: Family, reason: RevokedReason): void {
  if (family.revokedAtMs !== null) return;
  const accessEnded = turn.switches.access_token_on_revoke === "revoke";
  turn.draft.put("families", family.id, { ...family, revokedAtMs: turn.nowMs, revokedReason: reason, accessEnded });
}

/** Ends every consent of one person to one app. */
export function revokeFamiliesOf(turn: Turn, grantId: string, reason: RevokedReason): void {
  for (const family of turn.draft.all("families")) if (family.grantId === grantId) revokeFamily(turn, family, reason);
}

/** Ends the grant as a whole: tokens, connections and consented scopes. */
export function revokeGrant(turn: Turn, grantId: string, reason: RevokedReason): boolean {
  const grant = turn.draft.get("grants", grantId);
  if (grant === undefined) return false;
  revokeFamiliesOf(turn, grantId, reason);
  endConnections(
    turn,
    (connection) => connection.clientId === grant.clientId && connection.userId === grant.userId,
    "revoked",
  );
  turn.draft.put("grants", grantId, { ...grant, scopes: [] });
  return true;
}

/** Ends the live connections that `matches`; says how many there were. */
export function endConnections(
  turn: Turn,
  matches: (connection: {
    readonly id: string;
    readonly clientId: string;
    readonly userId: string;
    readonly tenantId: string;
  }) => boolean,
  reason: EndedReason,
): number {
  const ending = [...turn.draft.all("connections")].filter(
    (connection) => connection.endedAtMs === null && matches(connection),
  );
  for (const connection of ending)
    turn.draft.put("connections", connection.id, { ...connection, endedAtMs: turn.nowMs, endedReason: reason });
  return ending.length;
}

export function revokeAccess(turn: Turn, accessTokenId: string, reason: RevokedReason): void {
  const access = turn.draft.get("accessTokens", accessTokenId);
  if (access === undefined || access.revokedAtMs !== null) return;
  turn.draft.put("accessTokens", access.id, { ...access, revokedAtMs: turn.nowMs, revokedReason: reason });
}

export function revokeRefresh(turn: Turn, token: RefreshToken, reason: RevokedReason): void {
  turn.draft.put("refreshTokens", token.hash, { ...token, revokedAtMs: turn.nowMs, revokedReason: reason });
}

export type RevocationOutcome = "grant-revoked" | "access-token-revoked" | "ignored" | "not-its-token" | "unknown";

/**
 * The revocation endpoint (RFC 7009). A refresh token ends the whole grant and its connections, as Xero does;
 * `accessTokenId` is the `jti` if the presented token was one of our access tokens.
 */
export function revokePresented(
  turn: Turn,
  request: { readonly clientId: string; readonly token: string; readonly accessTokenId: string | null },
): RevocationOutcome {
  const refresh = turn.draft.get("refreshTokens", turn.mint.hash(request.token));
  if (refresh !== undefined) {
    if (refresh.clientId !== request.clientId) return "not-its-token";
    const family = turn.draft.get("families", refresh.familyId);
    // A token that is dead already cannot take a later consent of the same person with it.
    if (
      family === undefined ||
      family.revokedAtMs !== null ||
      refresh.revokedAtMs !== null ||
      refresh.expiresAtMs <= turn.nowMs
    )
      return "ignored";
    revokeGrant(turn, family.grantId, "client-revoked");
    return "grant-revoked";
  }
  const access = request.accessTokenId === null ? undefined : turn.draft.get("accessTokens", request.accessTokenId);
  if (access === undefined) return "unknown";
  if (access.clientId !== request.clientId) return "not-its-token";
  if (turn.switches["revocation.access_token"] === "ignore") return "ignored";
  revokeAccess(turn, access.id, "token-revoked");
  return "access-token-revoked";
}
