import { decideRefresh, type RefreshDecision, type RefreshState, refreshExpiresAtMs } from "./decide-refresh.ts";
import { issueAccess, issuePair, type TokenSet } from "./issue-tokens.ts";
import type { LedgerView } from "./ledger.ts";
import { revokeAccess, revokeFamily, revokeRefresh } from "./revoke.ts";
import type { Family, RefreshToken } from "./rows.ts";
import { refreshPolicy, type Switches } from "./switches.ts";
import type { Turn } from "./turn.ts";

export interface RefreshOutcome {
  readonly decision: RefreshDecision;
  /** Present if the decision hands out tokens. */
  readonly tokens: TokenSet | null;
  /** The presented token's place, if it is known. */
  readonly presented: { readonly hash: string; readonly generation: number } | null;
}

/** Carries one refresh out: decides, mints, and writes down what was used and what was refused. */
export function refresh(
  turn: Turn,
  request: { readonly clientId: string; readonly refreshToken: string },
): RefreshOutcome {
  const found = findRefresh(turn.draft, turn.mint.hash(request.refreshToken));
  const decision = decideRefresh(
    stateOf(turn.draft, found, turn.nowMs),
    turn.nowMs,
    refreshPolicy(turn.switches),
    request,
  );
  if (found === undefined) return { decision, tokens: null, presented: null };
  const presented = { hash: found.token.hash, generation: found.token.generation };
  return { decision, tokens: carryOut(turn, found, decision), presented };
}

/** Whether this refresh token would be accepted now, and how. Changes nothing. */
export function askRefresh(
  view: LedgerView,
  question: { readonly hash: string; readonly nowMs: number; readonly switches: Switches },
): RefreshDecision {
  const found = findRefresh(view, question.hash);
  return decideRefresh(stateOf(view, found, question.nowMs), question.nowMs, refreshPolicy(question.switches), {
    clientId: found?.token.clientId ?? "",
  });
}

interface Found {
  readonly token: RefreshToken;
  readonly family: Family;
}

function findRefresh(view: LedgerView, hash: string): Found | undefined {
  const token = view.get("refreshTokens", hash);
  const family = token === undefined ? undefined : view.get("families", token.familyId);
  return token === undefined || family === undefined ? undefined : { token, family };
}

function stateOf(view: LedgerView, found: Found | undefined, nowMs: number): RefreshState {
  if (found === undefined) return { kind: "unknown" };
  const successors = found.token.successorHashes.flatMap((hash) => view.get("refreshTokens", hash) ?? []);
  return {
    kind: "known",
    token: found.token,
    family: found.family,
    successors: successors.map((successor) => ({
      spent: successor.firstUsedAtMs !== null,
      accessUsed: (view.get("accessTokens", successor.accessTokenId)?.firstUsedAtMs ?? null) !== null,
      revoked: successor.revokedAtMs !== null,
      expiresAtMs: successor.expiresAtMs,
    })),
    activeIsGood: () => {
      const active = activeOf(view, found.token);
      return active.revokedAtMs === null && nowMs < active.expiresAtMs;
    },
  };
}

/** The end of a token's line: where each token has one successor, the one that is in use now. */
function activeOf(view: LedgerView, token: RefreshToken): RefreshToken {
  let active = token;
  for (;;) {
    const next = view.get("refreshTokens", active.successorHashes.at(-1) ?? "");
    if (next === undefined) return active;
    active = next;
  }
}

function carryOut(turn: Turn, found: Found, decision: RefreshDecision): TokenSet | null {
  switch (decision.kind) {
    case "rotate":
    case "retry-sibling":
      return mintSuccessor(turn, found);
    case "retry-supersede":
      for (const successor of unspentSuccessors(turn, found.token)) supersede(turn, successor);
      return mintSuccessor(turn, found);
    case "retry-same":
      return handOutAgain(
        turn,
        found,
        turn.draft.get("refreshTokens", found.token.successorHashes[decision.successor] ?? ""),
      );
    case "retry-active":
      return handOutAgain(turn, found, activeOf(turn.draft, found.token));
    case "keep":
      return keep(turn, found);
    case "reuse":
      refuse(turn, found.token);
      if (decision.consequence === "revoke-family") revokeFamily(turn, found.family, "reuse");
      return null;
    case "expired":
    case "revoked":
    case "wrong-client":
      refuse(turn, found.token);
      return null;
    case "unknown":
      return null;
  }
}

function mintSuccessor(turn: Turn, { token, family }: Found): TokenSet {
  const issued = issuePair(turn, family, token);
  const successorHashes =
    issued.refresh === null ? token.successorHashes : [...token.successorHashes, issued.refresh.row.hash];
  turn.draft.put("refreshTokens", token.hash, { ...used(turn, token), successorHashes });
  endOldAccess(turn, token);
  return issued;
}

function handOutAgain(turn: Turn, { token, family }: Found, successor: RefreshToken | undefined): TokenSet {
  if (successor === undefined) throw new Error("the ledger lost a successor");
  turn.draft.put("refreshTokens", token.hash, used(turn, token));
  const first = turn.draft.get("accessTokens", successor.accessTokenId);
  const stillGood = first !== undefined && first.revokedAtMs === null && first.expiresAtMs > turn.nowMs;
  const access = stillGood ? first : issueAccess(turn, { clientId: family.clientId, family, scopes: family.scopes });
  const row = { ...successor, accessTokenId: access.id };
  turn.draft.put("refreshTokens", row.hash, row);
  return { access, refresh: { token: turn.mint.secret(row.label), row }, family, scopes: family.scopes };
}

function keep(turn: Turn, { token, family }: Found): TokenSet {
  const access = issueAccess(turn, { clientId: family.clientId, family, scopes: family.scopes });
  const expiresAtMs = refreshExpiresAtMs(refreshPolicy(turn.switches), family.createdAtMs, turn.nowMs);
  const row = { ...used(turn, token), accessTokenId: access.id, expiresAtMs };
  turn.draft.put("refreshTokens", row.hash, row);
  endOldAccess(turn, token);
  return { access, refresh: { token: turn.mint.secret(token.label), row }, family, scopes: family.scopes };
}

const used = (turn: Turn, token: RefreshToken): RefreshToken => ({
  ...token,
  firstUsedAtMs: token.firstUsedAtMs ?? turn.nowMs,
  lastUsedAtMs: turn.nowMs,
  useCount: token.useCount + 1,
});

function endOldAccess(turn: Turn, token: RefreshToken): void {
  if (turn.switches.access_token_on_rotate === "revoke") revokeAccess(turn, token.accessTokenId, "rotated");
}

function unspentSuccessors(turn: Turn, token: RefreshToken): readonly RefreshToken[] {
  return token.successorHashes
    .flatMap((hash) => turn.draft.get("refreshTokens", hash) ?? [])
    .filter((successor) => successor.firstUsedAtMs === null && successor.revokedAtMs === null);
}

// "Only the newest pair is valid" is meant of both halves.
function supersede(turn: Turn, successor: RefreshToken): void {
  revokeRefresh(turn, successor, "superseded");
  revokeAccess(turn, successor.accessTokenId, "superseded");
}

function refuse(turn: Turn, token: RefreshToken): void {
  turn.draft.put("refreshTokens", token.hash, { ...token, refusals: token.refusals + 1, lastRefusedAtMs: turn.nowMs });
}
