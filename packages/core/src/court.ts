import type { Court, GrantState, RefreshRenewal, SpendableToken } from "./grant.ts";
import { isHeardOut, windowEndMs } from "./presentation.ts";
import type { Step } from "./step.ts";
import type { Timing } from "./timing.ts";

/**
 * I1 no false death: the next step of a court; never one `invalid_grant` ends a grant.
 * The head is presented again, spaced; then, or sooner where their windows would close, the chain's other tokens are; nothing that
 * could hurt another token is presented past its grace, unless it is all that is left. Only then it is lost.
 */
export function courtStep(
  state: Extract<GrantState, { kind: "in-court" }>,
  { nowMs, massRefusal }: { readonly nowMs: number; readonly massRefusal: boolean },
  timing: Timing,
): Step {
  const { chain, court } = state;
  const { renewal } = chain;
  if (renewal.kind === "client-credentials") return { kind: "declare-lost" };
  const headIsHeard = court.confirmations >= timing.limits.courtConfirmations;
  const heardInTime = (isHeard: boolean) =>
    witnessesOf(renewal, isHeard, timing).filter(({ untilMs }) => nowMs < untilMs);
  const witnesses = heardInTime(headIsHeard);
  const next = witnesses.find(({ fromMs }) => fromMs <= nowMs);
  const headCouldHurt = nowMs >= windowEndMs(renewal.head, timing);
  if (next !== undefined && (headIsHeard || headCouldHurt || nowMs >= lastCallMs(witnesses, timing))) {
    return { kind: "spend", token: next.token.version, because: "court" };
  }
  // When many are refused at once, the provider or the app is the likelier cause: the court goes on hearing, for a day at most.
  const adjourned = massRefusal && nowMs - court.openedAtMs < timing.limits.pastGraceHoldMs;
  if (headIsHeard && !adjourned)
    return hearing(witnesses, nowMs) ?? hearing(lastResorts(renewal, timing), nowMs) ?? { kind: "declare-lost" };
  const nextTryMs = Math.min(
    headsTurnMs(court, { inHaste: heardInTime(true).length > 0 }, timing),
    lastCallMs(witnesses, timing),
  );
  if (nowMs < nextTryMs) return { kind: "rest", untilMs: nextTryMs, because: "court-spacing" };
  return { kind: "spend", token: renewal.head.version, because: "court" };
}

// Late hearings do not add up: the last comes as soon as a spell of refusals must be over, while the parent's window is still open. With
// no window left to be missed there is no haste: that the calendar is long over may be a clock's mistake.
function headsTurnMs(
  { openedAtMs, lastTryAtMs, confirmations }: Court,
  { inHaste }: { readonly inHaste: boolean },
  { limits }: Timing,
): number {
  const { courtSpacingMs, requestTimeoutMs } = limits;
  if (!inHaste) return lastTryAtMs + courtSpacingMs;
  const byCalendarMs = openedAtMs + (confirmations + 1) * courtSpacingMs;
  return Math.min(lastTryAtMs + courtSpacingMs, Math.max(byCalendarMs, lastTryAtMs + requestTimeoutMs));
}

/** A token beside the head, and when it may be asked. */
interface Witness {
  readonly token: SpendableToken;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The first that may be asked now, or the time until one may; null where none is left. */
function hearing(witnesses: readonly Witness[], nowMs: number): Step | null {
  const open = witnesses.filter(({ untilMs }) => nowMs < untilMs);
  const next = open.find(({ fromMs }) => fromMs <= nowMs);
  if (next !== undefined) return { kind: "spend", token: next.token.version, because: "court" };
  const later = open.filter(({ fromMs, untilMs }) => fromMs < untilMs);
  if (later.length === 0) return null;
  return { kind: "rest", untilMs: Math.min(...later.map(({ fromMs }) => fromMs)), because: "court-spacing" };
}

/**
 * Candidates, newest first, then the previous token, then what a proven head has left behind: each is heard twice, far enough apart
 * that one spell of refusals spans not both, unless its window closes before.
 */
function witnessesOf(renewal: RefreshRenewal, headIsHeard: boolean, timing: Timing): readonly Witness[] {
  const { previous, candidates } = renewal;
  const isHistory = (token: SpendableToken) => previous !== null && token.receivedAtMs < previous.receivedAtMs;
  const tokens = [
    ...candidates.filter((token) => !isHistory(token)).toReversed(),
    ...previousIfHarmless(renewal, headIsHeard),
    // Most providers take such a one for stolen: there must be nothing left to lose.
    ...(headIsHeard ? candidates.filter(isHistory).toReversed() : []),
  ];
  return tokens
    .filter((token) => !isHeardOut(token))
    .map((token) => ({ token, fromMs: nextHearingMs(token, timing), untilMs: windowEndMs(token, timing) }));
}

function nextHearingMs(token: SpendableToken, timing: Timing): number {
  const { refusedAtMs } = token;
  if (refusedAtMs === null) return Number.NEGATIVE_INFINITY;
  const { requestTimeoutMs, marginMs } = timing.limits;
  // Where its window closes before, as late as it can still be heard in it.
  const lastMs = windowEndMs(token, timing) - requestTimeoutMs - marginMs;
  const soonestMs = refusedAtMs + requestTimeoutMs;
  return Math.min(refusedAtMs + spellMs(timing), Math.max(soonestMs, lastMs));
}

// A token that was sent more than once may have been taken only by its last send, and live longer than is counted on. With all others
// refused there is nothing left that it could hurt.
function lastResorts({ previous, candidates }: RefreshRenewal, timing: Timing): readonly Witness[] {
  return [...candidates.toReversed(), ...(previous === null ? [] : [previous])]
    .filter((token) => !isHeardOut(token))
    .map((token) => ({ token, fromMs: nextHearingMs(token, timing), untilMs: latestEndMs(token, timing) }));
}

// A head that came by its parent's only send is sound unless proven otherwise: asking the parent could only kill it. And a head of
// which a send may have been taken may have a successor: asking its parent then is what providers take for theft. Once the head has
// been heard out, both are settled: a repeat within its grace would have been answered.
function previousIfHarmless(renewal: RefreshRenewal, headIsHeard: boolean): readonly SpendableToken[] {
  if (renewal.previous === null) return [];
  const isDoubtful = renewal.suspect !== null && renewal.head.sends === 0;
  return isDoubtful || headIsHeard ? [renewal.previous] : [];
}

// The moment from which all witnesses can still be asked twice each before the first of their windows closes: an answer may be
// lost, and then its lease has to end before the second try; or the first is refused in a spell of refusals that has to pass.
function lastCallMs(witnesses: readonly Witness[], timing: Timing): number {
  const unheard = witnesses.filter(({ token }) => token.refusedAtMs === null);
  const firstEndMs = Math.min(...unheard.map(({ untilMs }) => untilMs));
  return firstEndMs - spellMs(timing) - unheard.length * tryMs(timing);
}

/** What it may take until one token was heard: an answer is lost, its lease has to end, and it is asked again. */
function tryMs({ limits: { leaseMs, requestTimeoutMs, marginMs } }: Timing): number {
  return leaseMs + 2 * (requestTimeoutMs + marginMs);
}

/** How long a provider whose parts disagree is reckoned with to refuse one good token. */
function spellMs({ limits }: Timing): number {
  return limits.courtConfirmations * limits.courtSpacingMs;
}

/** When the grace of a token's last send is over, if that was the one that was taken. */
function latestEndMs({ lastSentAtMs }: SpendableToken, { repeat }: Timing): number {
  return lastSentAtMs === null || repeat.kind !== "for" ? Number.NEGATIVE_INFINITY : lastSentAtMs + repeat.ms;
}
