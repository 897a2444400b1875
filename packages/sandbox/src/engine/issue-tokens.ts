import { refreshExpiresAtMs } from "./decide-refresh.ts";
import type { AccessToken, Family, RefreshToken } from "./rows.ts";
import { refreshPolicy } from "./switches.ts";
import type { Turn } from "./turn.ts";

/** What the token endpoint answers with; the edge signs the access token. */
export interface TokenSet {
  readonly access: AccessToken;
  /** Absent without `offline_access`. */
  readonly refresh: { readonly token: string; readonly row: RefreshToken } | null;
  /** null: a Custom Connection. */
  readonly family: Family | null;
  readonly scopes: readonly string[];
}

/** A new access token and, beside it, the next refresh token of the family. */
export function issuePair(turn: Turn, family: Family, parent: RefreshToken | null): TokenSet {
  const access = issueAccess(turn, { clientId: family.clientId, family, scopes: family.scopes });
  if (!family.scopes.includes("offline_access")) return { access, refresh: null, family, scopes: family.scopes };
  const label = turn.label("refresh-token");
  const token = turn.mint.secret(label);
  const row: RefreshToken = {
    hash: turn.mint.hash(token),
    label,
    familyId: family.id,
    clientId: family.clientId,
    parentHash: parent?.hash ?? null,
    generation: (parent?.generation ?? 0) + 1,
    issuedAtMs: turn.nowMs,
    expiresAtMs: refreshExpiresAtMs(refreshPolicy(turn.switches), family.createdAtMs, turn.nowMs),
    firstUsedAtMs: null,
    lastUsedAtMs: null,
    useCount: 0,
    successorHashes: [],
    accessTokenId: access.id,
    revokedAtMs: null,
    revokedReason: null,
    refusals: 0,
    lastRefusedAtMs: null,
  };
  turn.draft.put("refreshTokens", row.hash, row);
  return { access, refresh: { token, row }, family, scopes: family.scopes };
}

/** A new access token alone. */
export function issueAccess(
  turn: Turn,
  holder: {
    readonly clientId: string;
    readonly family: Family | null;
    readonly scopes: readonly string[];
    readonly organisationId?: string;
  },
): AccessToken {
  const access: AccessToken = {
    id: turn.mint.hex32(turn.label("access-token")),
    clientId: holder.clientId,
    familyId: holder.family?.id ?? null,
    userId: holder.family?.userId ?? null,
    ...(holder.organisationId === undefined ? {} : { organisationId: holder.organisationId }),
    scopes: holder.scopes,
    issuedAtMs: turn.nowMs,
    expiresAtMs: turn.nowMs + turn.switches["access_token.ttl_seconds"] * 1000,
    firstUsedAtMs: null,
    lastUsedAtMs: null,
    revokedAtMs: null,
    revokedReason: null,
  };
  turn.draft.put("accessTokens", access.id, access);
  return access;
}
