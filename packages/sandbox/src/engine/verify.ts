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

/** A token that did something when its time was over. */
export interface UsedAfterExpiry {
  readonly kind: "refresh" | "access";
  readonly id: string;
  readonly expiresAtMs: number;
  readonly usedAtMs: number;
}

export interface VerifyReport {
  /** No token was used after its revocation or its end, and no family forked. Lost grants are the client's to answer for. */
  readonly ok: boolean;
  readonly forks: readonly Fork[];
  readonly lostGrants: readonly LostGrant[];
  readonly usedAfterRevoke: readonly UsedAfterRevoke[];
  readonly usedAfterExpiry: readonly UsedAfterExpiry[];
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
  const uses = [...refreshUses(view), ...accessUses(view)];
  const usedAfterRevoke = uses.flatMap(afterRevoke);
  const usedAfterExpiry = uses.flatMap(afterExpiry);
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
  const ok = [forks, usedAfterRevoke, usedAfterExpiry].every((found) => found.length === 0);
  return { ok, forks, lostGrants, usedAfterRevoke, usedAfterExpiry, ...counts };
}

interface Use {
  readonly kind: "refresh" | "access";
  readonly id: string;
  readonly revokedAtMs: number | null;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
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

// A use after the end shows in the token itself, and in what was handed out for it.
function refreshUses(view: LedgerView): readonly Use[] {
  return [...view.all("refreshTokens")].map((token) => {
    const family = view.get("families", token.familyId);
    const successors = token.successorHashes.flatMap((hash) => view.get("refreshTokens", hash)?.issuedAtMs ?? []);
    return {
      kind: "refresh",
      id: token.hash,
      revokedAtMs: earliest(token.revokedAtMs, family?.revokedAtMs ?? null),
      expiresAtMs: token.expiresAtMs,
      usedAtMs: latest([token.lastUsedAtMs, ...successors]),
    };
  });
}

function accessUses(view: LedgerView): readonly Use[] {
  return [...view.all("accessTokens")].map((token) => {
    const family = view.get("families", token.familyId ?? "");
    const endedWithFamily = family?.accessEnded === true ? family.revokedAtMs : null;
    return {
      kind: "access",
      id: token.id,
      revokedAtMs: earliest(token.revokedAtMs, endedWithFamily),
      expiresAtMs: token.expiresAtMs,
      usedAtMs: token.lastUsedAtMs,
    };
  });
}

const afterRevoke = ({ kind, id, revokedAtMs, usedAtMs }: Use): readonly UsedAfterRevoke[] =>
  revokedAtMs !== null && usedAtMs !== null && usedAtMs > revokedAtMs ? [{ kind, id, revokedAtMs, usedAtMs }] : [];

const afterExpiry = ({ kind, id, expiresAtMs, usedAtMs }: Use): readonly UsedAfterExpiry[] =>
  usedAtMs !== null && usedAtMs >= expiresAtMs ? [{ kind, id, expiresAtMs, usedAtMs }] : [];

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

function latest(instants: readonly (number | null)[]): number | null {
  const set = instants.filter((atMs) => atMs !== null);
  return set.length === 0 ? null : Math.max(...set);
}
