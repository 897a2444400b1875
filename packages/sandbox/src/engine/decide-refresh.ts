import type { Grace, RefreshPolicy } from "./rotation.ts";
import type { RevokedReason } from "./rows.ts";

/** What the decision needs to know of a refresh token. Instants in epoch milliseconds. */
export interface TokenFacts {
  readonly clientId: string;
  readonly expiresAtMs: number;
  readonly firstUsedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly useCount: number;
  readonly revokedReason: RevokedReason | null;
}

export interface SuccessorFacts {
  /** Used to refresh. */
  readonly spent: boolean;
  /** Its access token was used at the API. */
  readonly accessUsed: boolean;
  readonly revoked: boolean;
  readonly expiresAtMs: number;
}

export type RefreshState =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "known";
      readonly token: TokenFacts;
      readonly family: { readonly createdAtMs: number; readonly revokedReason: RevokedReason | null };
      /** In order of issue. */
      readonly successors: readonly SuccessorFacts[];
      /** Whether following the successors leads to a token that is good now; asked only if the policy hands that one out. */
      readonly activeIsGood: () => boolean;
    };

export type RefreshDecision =
  /** First use: mint the successor. */
  | { readonly kind: "rotate" }
  /** No rotation: a new access token beside the same refresh token. */
  | { readonly kind: "keep" }
  | { readonly kind: "retry-sibling" }
  /** Hand out the successor at this index again. */
  | { readonly kind: "retry-same"; readonly successor: number }
  /** Hand out the token that this one's line is at now. */
  | { readonly kind: "retry-active" }
  /** Mint another successor and end those that were not used. */
  | { readonly kind: "retry-supersede" }
  | { readonly kind: "reuse"; readonly consequence: "reject" | "revoke-family" }
  | { readonly kind: "expired" }
  | { readonly kind: "revoked"; readonly reason: RevokedReason }
  | { readonly kind: "wrong-client" }
  | { readonly kind: "unknown" };

/** Whether a decision hands out tokens. */
export const accepts: { readonly [K in RefreshDecision["kind"]]: boolean } = {
  rotate: true,
  keep: true,
  "retry-sibling": true,
  "retry-same": true,
  "retry-active": true,
  "retry-supersede": true,
  reuse: false,
  expired: false,
  revoked: false,
  "wrong-client": false,
  unknown: false,
};

/**
 * Decides one refresh (RFC 6749 §6). Pure: carries nothing out.
 * A window ends at its last instant exclusive: at `first use + seconds` a repeat is a reuse.
 */
export function decideRefresh(
  state: RefreshState,
  nowMs: number,
  policy: RefreshPolicy,
  request: { readonly clientId: string },
): RefreshDecision {
  if (state.kind === "unknown") return { kind: "unknown" };
  const { token, family } = state;
  if (token.clientId !== request.clientId) return { kind: "wrong-client" };
  const revoked = family.revokedReason ?? token.revokedReason;
  if (revoked !== null) return { kind: "revoked", reason: revoked };
  if (nowMs >= endMs(token, family.createdAtMs, policy)) return { kind: "expired" };
  const { rotation } = policy;
  const spent = token.firstUsedAtMs !== null;
  switch (rotation.kind) {
    case "none":
      return { kind: "keep" };
    case "unrevoked":
      return { kind: "rotate" };
    case "strict":
      return spent ? { kind: "reuse", consequence: policy.afterGrace } : { kind: "rotate" };
    case "confirm-on-use":
      if (!spent) return { kind: "rotate" };
      return state.successors.some((successor) => successor.spent || successor.accessUsed)
        ? { kind: "reuse", consequence: policy.afterGrace }
        : { kind: "retry-sibling" };
    case "grace":
      if (!spent) return { kind: "rotate" };
      return mayRepeat(rotation, state, nowMs)
        ? retry(rotation, state, nowMs, policy)
        : { kind: "reuse", consequence: policy.afterGrace };
  }
}

/** When a refresh token that is issued, or kept, at `nowMs` ends. */
export function refreshExpiresAtMs(policy: RefreshPolicy, familyCreatedAtMs: number, nowMs: number): number {
  const idleEndMs = (policy.sliding ? nowMs : familyCreatedAtMs) + policy.idleTtlMs;
  return policy.absoluteTtlMs === null ? idleEndMs : Math.min(idleEndMs, familyCreatedAtMs + policy.absoluteTtlMs);
}

function endMs(token: TokenFacts, familyCreatedAtMs: number, policy: RefreshPolicy): number {
  return policy.absoluteTtlMs === null
    ? token.expiresAtMs
    : Math.min(token.expiresAtMs, familyCreatedAtMs + policy.absoluteTtlMs);
}

type Known = Extract<RefreshState, { readonly kind: "known" }>;

function mayRepeat(grace: Grace, { token, successors }: Known, nowMs: number): boolean {
  const spent = successors.some((successor) => successor.spent);
  if (grace.parentException && !spent && successors.some((successor) => isGood(successor, nowMs))) return true;
  const closed = spent && (grace.depth === "parent-only" || grace.closesWhen === "successor-used");
  return !closed && inGrace(grace, token, nowMs);
}

function inGrace(grace: Grace, token: TokenFacts, nowMs: number): boolean {
  const anchorMs = grace.anchor === "first-use" ? token.firstUsedAtMs : token.lastUsedAtMs;
  if (anchorMs === null) return true;
  const usesLeft = grace.maxUses === null || token.useCount < grace.maxUses;
  return usesLeft && nowMs < anchorMs + grace.seconds * 1000;
}

function retry(grace: Grace, state: Known, nowMs: number, policy: RefreshPolicy): RefreshDecision {
  switch (grace.retry) {
    case "sibling":
      return { kind: "retry-sibling" };
    case "supersede":
      return { kind: "retry-supersede" };
    case "same": {
      const successor = state.successors.findIndex((each) => !each.spent && isGood(each, nowMs));
      if (successor >= 0) return { kind: "retry-same", successor };
      if (grace.sameGives === "active" && state.activeIsGood()) return { kind: "retry-active" };
      // A successor that was spent itself would be handed out only to be refused, so the window is over with it.
      return { kind: "reuse", consequence: policy.afterGrace };
    }
  }
}

const isGood = (successor: SuccessorFacts, nowMs: number): boolean =>
  !successor.revoked && nowMs < successor.expiresAtMs;
