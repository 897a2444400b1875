import type { GrantState, RefreshRenewal, SpendableToken } from "./grant.ts";
import type { Step } from "./step.ts";
import type { Timing } from "./timing.ts";

/**
 * The next step of a court: never one `invalid_grant` ends a grant.
 * The head is presented again, spaced; then, or sooner where their windows would close, candidates (newest first) and
 * the previous token; nothing that could hurt another token is presented past its grace. Only then it is lost.
 */
export function courtStep(
  state: Extract<GrantState, { kind: "in-court" }>,
  { nowMs, massRefusal }: { readonly nowMs: number; readonly massRefusal: boolean },
  timing: Timing,
): Step {
  const { chain, court } = state;
  if (chain.renewal.kind === "client-credentials") return { kind: "declare-lost" };
  const others = untriedOthers(chain.renewal, nowMs, timing);
  const next = others[0];
  const headIsHeard = court.confirmations >= timing.limits.courtConfirmations;
  const headCouldHurt = nowMs >= windowEndMs(chain.renewal.head, timing);
  if (next !== undefined && (headIsHeard || headCouldHurt || nowMs >= lastCallMs(others, timing))) {
    return { kind: "spend", token: next.version, because: "court" };
  }
  // When many are refused at once, the provider or the app is the likelier cause: the court goes on hearing, for a day at most.
  const adjourned = massRefusal && nowMs - court.openedAtMs < timing.limits.pastGraceHoldMs;
  if (headIsHeard && !adjourned) return { kind: "declare-lost" };
  const nextTryMs = Math.min(court.lastTryAtMs + timing.limits.courtSpacingMs, lastCallMs(others, timing));
  if (nowMs < nextTryMs) return { kind: "rest", untilMs: nextTryMs, because: "court-spacing" };
  return { kind: "spend", token: chain.renewal.head.version, because: "court" };
}

function untriedOthers(renewal: RefreshRenewal, nowMs: number, timing: Timing): readonly SpendableToken[] {
  const others = [...renewal.candidates.toReversed(), ...(renewal.previous === null ? [] : [renewal.previous])];
  return others.filter((token) => token.refusedAtMs === null && nowMs < windowEndMs(token, timing));
}

// The moment from which trying all others still ends before the first of their windows closes.
function lastCallMs(others: readonly SpendableToken[], timing: Timing): number {
  const ends = others.map((token) => windowEndMs(token, timing));
  return Math.min(...ends) - others.length * (timing.limits.requestTimeoutMs + timing.limits.marginMs);
}

function windowEndMs(token: SpendableToken, timing: Timing): number {
  if (token.firstSentAtMs === null || timing.repeat.kind === "always") return Number.POSITIVE_INFINITY;
  return timing.spendWindowMs === null ? token.firstSentAtMs : token.firstSentAtMs + timing.spendWindowMs;
}
