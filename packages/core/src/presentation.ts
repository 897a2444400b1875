import type { Chain, RefreshRenewal, Renewal, SpendableToken } from "./grant.ts";
import type { TokenVersionId } from "./ids.ts";
import type { Timing } from "./timing.ts";

/**
 * The renewal after one of its tokens is about to be presented: counted before it is sent, so that a crash overcounts. Sends that
 * are older than the grace count as ones that did nothing: had they been executed, this one could not bring anything any more.
 */
export function presented(renewal: Renewal, version: TokenVersionId, sent: { atMs: number; timing: Timing }): Renewal {
  const { atMs, timing } = sent;
  const { repeat, limits } = timing;
  const isOver = (sentAtMs: number) => repeat.kind === "for" && atMs > sentAtMs + repeat.ms + limits.clockSkewMs;
  return changeToken(renewal, version, (token) => ({
    ...token,
    sends: token.sends + 1,
    firstSentAtMs: token.firstSentAtMs === null || isOver(token.firstSentAtMs) ? atMs : token.firstSentAtMs,
    lastSentAtMs: atMs,
  }));
}

/** The renewal with a send that was forgotten: it may be older than those that are known. */
export function presentedBefore(renewal: Renewal, version: TokenVersionId, atMs: number): Renewal {
  return changeToken(renewal, version, (token) => sentBefore(token, atMs));
}

export function sentBefore(token: SpendableToken, atMs: number): SpendableToken {
  return {
    ...token,
    sends: token.sends + 1,
    firstSentAtMs: Math.min(token.firstSentAtMs ?? atMs, atMs),
    lastSentAtMs: Math.max(token.lastSentAtMs ?? atMs, atMs),
  };
}

/** The renewal after a send of which the provider provably did nothing. */
export function takenBack(renewal: Renewal, version: TokenVersionId): Renewal {
  return changeToken(renewal, version, (token) => {
    // It was the only one that could still be repeated: what is left is older than the grace.
    const wasOnly = token.firstSentAtMs === token.lastSentAtMs;
    const sends = Math.max(0, token.sends - 1);
    return sends === 0 || wasOnly ? { ...token, sends, firstSentAtMs: null, lastSentAtMs: null } : { ...token, sends };
  });
}

/** The renewal after the provider refused a token: what it refuses it does not execute. */
export function refused(renewal: Renewal, version: TokenVersionId, atMs: number): Renewal {
  return changeToken(takenBack(renewal, version), version, (token) => ({
    ...token,
    refusedAtMs: atMs,
    refusals: token.refusals + 1,
  }));
}

/** I1 no false death: one refusal ends no token's hearing, a provider whose parts disagree may refuse a good one. */
export function isHeardOut(token: SpendableToken): boolean {
  return token.refusals >= HEARINGS;
}

const HEARINGS = 2;

/** From when on a token is presented no more while another could be hurt by it. */
export function windowEndMs(token: SpendableToken, timing: Timing): number {
  if (token.sends === 0 || timing.repeat.kind === "always") return Number.POSITIVE_INFINITY;
  if (token.firstSentAtMs === null) return Number.NEGATIVE_INFINITY;
  return timing.spendWindowMs === null ? token.firstSentAtMs : token.firstSentAtMs + timing.spendWindowMs;
}

export function findToken(chain: Chain, version: TokenVersionId): SpendableToken | undefined {
  return chain.renewal.kind === "refresh-token"
    ? tokensOf(chain.renewal).find((token) => token.version === version)
    : undefined;
}

function tokensOf(renewal: RefreshRenewal): readonly SpendableToken[] {
  return [renewal.head, ...renewal.candidates, ...(renewal.previous === null ? [] : [renewal.previous])];
}

function changeToken(
  renewal: Renewal,
  version: TokenVersionId,
  change: (token: SpendableToken) => SpendableToken,
): Renewal {
  if (renewal.kind === "client-credentials") return renewal;
  const changed = (token: SpendableToken) => (token.version === version ? change(token) : token);
  return {
    ...renewal,
    head: changed(renewal.head),
    previous: renewal.previous === null ? null : changed(renewal.previous),
    candidates: renewal.candidates.map(changed),
  };
}
