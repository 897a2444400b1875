import type { Court, GrantState, RefreshRenewal, SpendableToken } from "./grant.ts";
import type { Step } from "./step.ts";
import type { Timing } from "./timing.ts";

/**
 * The next step of a court: never one `invalid_grant` ends a grant.
 * The head is presented again, spaced; then, or sooner where their windows would close, the chain's other tokens are; nothing that
 * could hurt another token is presented past its grace. Only then it is lost.
 */
export function courtStep(
  state: Extract<GrantState, { kind: "in-court" }>,
  { nowMs, massRefusal }: { readonly nowMs: number; readonly massRefusal: boolean },
  timing: Timing,
): Step {
  const { chain, court } = state;
  if (chain.renewal.kind === "client-credentials") return { kind: "declare-lost" };
  const headIsHeard = court.confirmations >= timing.limits.courtConfirmations;
  const others = witnesses(chain.renewal, { court, headIsHeard, nowMs }, timing);
  const next = others[0];
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

interface Sitting {
  readonly court: Court;
  readonly headIsHeard: boolean;
  readonly nowMs: number;
}

/** The tokens beside the head that may still be asked: candidates, newest first, then the previous one. */
function witnesses(renewal: RefreshRenewal, sitting: Sitting, timing: Timing): readonly SpendableToken[] {
  const others = [...renewal.candidates.toReversed(), ...previousIfHarmless(renewal, sitting)];
  return others.filter((token) => token.refusedAtMs === null && sitting.nowMs < windowEndMs(token, timing));
}

// A head that came by its parent's only send is sound unless proven otherwise: asking the parent could only kill it. And a head of
// which a send may have been executed has a successor: asking its parent then is what providers take for theft.
function previousIfHarmless(renewal: RefreshRenewal, { court, headIsHeard }: Sitting): readonly SpendableToken[] {
  if (renewal.previous === null) return [];
  const headMayHaveSuccessor = renewal.head.sends > court.confirmations + 1;
  return !headMayHaveSuccessor && (renewal.suspect !== null || headIsHeard) ? [renewal.previous] : [];
}

// The moment from which all others can still be asked twice each before the first of their windows closes: an answer may be lost,
// and then its lease has to end before the second try.
function lastCallMs(others: readonly SpendableToken[], timing: Timing): number {
  const { leaseMs, requestTimeoutMs, marginMs } = timing.limits;
  const ends = others.map((token) => windowEndMs(token, timing));
  return Math.min(...ends) - others.length * (leaseMs + 2 * (requestTimeoutMs + marginMs));
}

function windowEndMs(token: SpendableToken, timing: Timing): number {
  if (token.firstSentAtMs === null || timing.repeat.kind === "always") return Number.POSITIVE_INFINITY;
  return timing.spendWindowMs === null ? token.firstSentAtMs : token.firstSentAtMs + timing.spendWindowMs;
}
