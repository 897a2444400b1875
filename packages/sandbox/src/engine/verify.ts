import { accepts } from "./decide-refresh.ts";
import type { LedgerView } from "./ledger.ts";
import { askRefresh } from "./refresh.ts";
import type { Family, RefreshToken, RevokedReason } from "./rows.ts";
import type { Switches } from "./switches.ts";

/** A refresh token of which more than one successor was used: two holders go on with the same consent. */
export interface Fork {
  readonly familyId: string;
  readonly tokenHash: string;
  readonly generation: number;
  readonly usedSuccessors: number;
}

/** A grant no refresh token of which is accepted any more, although nobody revoked it. */
export interface LostGrant {
  readonly grantId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly because: "expired" | "spent" | RevokedReason;
}

/** A token that did something after it was revoked. */
export interface UsedAfterRevoke {
  readonly kind: "refresh" | "access";
  readonly id: string;
  readonly revokedAtMs: number;
  readonly usedAtMs: number;
}

export interface VerifyReport {
  /** No token was used after its revocation and no family forked. Lost grants are the client's to answer for. */
  readonly ok: boolean;
  readonly forks: readonly Fork[];
  readonly lostGrants: readonly LostGrant[];
  readonly usedAfterRevoke: readonly UsedAfterRevoke[];
  readonly grants: number;
  readonly liveGrants: number;
  readonly refreshTokens: number;
  readonly refusals: number;
}

// Ended because somebody wanted it so: not a loss.
const wanted: ReadonlySet<RevokedReason> = new Set(["client-revoked", "operator", "password-changed"]);

/** The invariant report over the whole ledger at one instant. */
export function verify(view: LedgerView, nowMs: number, switches: Switches): VerifyReport {
  const byFamily = Map.groupBy(view.all("refreshTokens"), (token) => token.familyId);
  const byGrant = Map.groupBy(view.all("families"), (family) => family.grantId);
  const isAccepted = (token: RefreshToken) => accepts[askRefresh(view, { hash: token.hash, nowMs, switches }).kind];
  const forks = [...byFamily.values()].flatMap((tokens) => forksOf(view, tokens));
  const usedAfterRevoke = [...refreshAfterRevoke(view), ...accessAfterRevoke(view)];
  let liveGrants = 0;
  const lostGrants: LostGrant[] = [];
  for (const grant of view.all("grants")) {
    const families = byGrant.get(grant.id) ?? [];
    const tokens = families.flatMap((family) => byFamily.get(family.id) ?? []);
    if (tokens.some(isAccepted)) liveGrants += 1;
    else if (tokens.length > 0) {
      const because = lossOf(families, tokens, nowMs);
      if (because !== null)
        lostGrants.push({ grantId: grant.id, clientId: grant.clientId, userId: grant.userId, because });
    }
  }
  const all = [...view.all("refreshTokens")];
  const counts = {
    grants: byGrant.size,
    liveGrants,
    refreshTokens: all.length,
    refusals: all.reduce((sum, token) => sum + token.refusals, 0),
  };
  return { ok: forks.length === 0 && usedAfterRevoke.length === 0, forks, lostGrants, usedAfterRevoke, ...counts };
}

function forksOf(view: LedgerView, tokens: readonly RefreshToken[]): readonly Fork[] {
  return tokens.flatMap((token) => {
    const usedSuccessors = token.successorHashes.filter(
      (hash) => (view.get("refreshTokens", hash)?.useCount ?? 0) > 0,
    ).length;
    return usedSuccessors > 1
      ? [{ familyId: token.familyId, tokenHash: token.hash, generation: token.generation, usedSuccessors }]
      : [];
  });
}

function lossOf(
  families: readonly Family[],
  tokens: readonly RefreshToken[],
  nowMs: number,
): LostGrant["because"] | null {
  const last = families.toSorted((a, b) => a.createdAtMs - b.createdAtMs).at(-1);
  if (last?.revokedReason !== null && last?.revokedReason !== undefined)
    return wanted.has(last.revokedReason) ? null : last.revokedReason;
  return tokens.every((token) => token.firstUsedAtMs !== null || token.expiresAtMs > nowMs) ? "spent" : "expired";
}

// Successors are minted only when their parent is accepted, so a successor younger than the revocation is the proof.
function refreshAfterRevoke(view: LedgerView): readonly UsedAfterRevoke[] {
  return [...view.all("refreshTokens")].flatMap((token) => {
    const revokedAtMs = token.revokedAtMs ?? view.get("families", token.familyId)?.revokedAtMs ?? null;
    const usedAtMs = token.lastUsedAtMs;
    return revokedAtMs !== null && usedAtMs !== null && usedAtMs > revokedAtMs
      ? [{ kind: "refresh", id: token.hash, revokedAtMs, usedAtMs }]
      : [];
  });
}

function accessAfterRevoke(view: LedgerView): readonly UsedAfterRevoke[] {
  return [...view.all("accessTokens")].flatMap((token) => {
    const { revokedAtMs, lastUsedAtMs: usedAtMs } = token;
    return revokedAtMs !== null && usedAtMs !== null && usedAtMs > revokedAtMs
      ? [{ kind: "access", id: token.id, revokedAtMs, usedAtMs }]
      : [];
  });
}
