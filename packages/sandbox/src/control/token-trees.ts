import {
  type AccessToken,
  askRefresh,
  type Family,
  type RefreshDecision,
  type RefreshToken,
  type RevokedReason,
  type Turn,
} from "../engine/index.ts";

/** What a refresh token is good for now: to be used, to be repeated, or nothing more and why. */
export type TreeTokenState = "live" | "repeatable" | "spent" | "expired" | "revoked";

export interface TreeAccessToken {
  readonly id: string;
  readonly state: "live" | "expired" | "revoked";
  readonly expiresAtMs: number;
  readonly lastUsedAtMs: number | null;
}

/** A refresh token in its family: known by its SHA-256, never by itself. Instants in epoch milliseconds. */
export interface TreeToken {
  readonly hash: string;
  readonly generation: number;
  readonly parentHash: string | null;
  readonly successorHashes: readonly string[];
  readonly state: TreeTokenState;
  readonly revokedReason: RevokedReason | null;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly firstUsedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly useCount: number;
  readonly refusals: number;
  /** The newest access token that came with it. */
  readonly access: TreeAccessToken | null;
}

/** One consent's tokens, and whose they are. */
export interface TokenTree {
  readonly familyId: string;
  readonly grantId: string;
  readonly clientId: string;
  readonly app: string;
  readonly userId: string;
  readonly email: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  readonly revokedReason: RevokedReason | null;
  /** Oldest first. */
  readonly tokens: readonly TreeToken[];
}

/** The newest families first; `atMost` of them. */
export function tokenTrees(turn: Turn, atMost: number): readonly TokenTree[] {
  const families = [...turn.draft.all("families")].toReversed().slice(0, atMost);
  const wanted = new Set(families.map(({ id }) => id));
  const tokens = Map.groupBy(
    [...turn.draft.all("refreshTokens")].filter(({ familyId }) => wanted.has(familyId)),
    ({ familyId }) => familyId,
  );
  return families.map((family) => treeOf(turn, family, tokens.get(family.id) ?? []));
}

function treeOf(turn: Turn, family: Family, tokens: readonly RefreshToken[]): TokenTree {
  const { id, grantId, clientId, userId, scopes, createdAtMs, revokedAtMs, revokedReason } = family;
  return {
    familyId: id,
    grantId,
    clientId,
    app: turn.draft.get("apps", clientId)?.name ?? clientId,
    userId,
    email: turn.draft.get("users", userId)?.email ?? userId,
    scopes,
    createdAtMs,
    revokedAtMs,
    revokedReason,
    tokens: tokens.map((token) => treeToken(turn, family, token)),
  };
}

function treeToken(turn: Turn, family: Family, token: RefreshToken): TreeToken {
  const { label: _label, familyId: _family, clientId: _client, accessTokenId, lastRefusedAtMs: _at, ...shown } = token;
  const { hash } = token;
  const decision = askRefresh(turn.draft, { hash, nowMs: turn.nowMs, switches: turn.switches });
  return {
    ...shown,
    state: stateOf(decision),
    revokedReason: family.revokedReason ?? token.revokedReason,
    access: accessOf(turn, family, turn.draft.get("accessTokens", accessTokenId)),
  };
}

function stateOf(decision: RefreshDecision): TreeTokenState {
  switch (decision.kind) {
    case "rotate":
    case "keep":
      return "live";
    case "retry-sibling":
    case "retry-same":
    case "retry-active":
    case "retry-supersede":
      return "repeatable";
    case "reuse":
      return "spent";
    case "expired":
      return "expired";
    case "revoked":
      return "revoked";
    case "wrong-client":
    case "unknown":
      throw new Error("a token of the ledger is known, and its client's");
  }
}

function accessOf(turn: Turn, family: Family, access: AccessToken | undefined): TreeAccessToken | null {
  if (access === undefined) return null;
  const { id, expiresAtMs, lastUsedAtMs } = access;
  const revoked = access.revokedAtMs !== null || family.accessEnded;
  return { id, state: revoked ? "revoked" : turn.nowMs < expiresAtMs ? "live" : "expired", expiresAtMs, lastUsedAtMs };
}
