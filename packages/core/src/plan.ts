import { courtStep } from "./court.ts";
import { freshness, remainingMs } from "./freshness.ts";
import {
  type Chain,
  chainOf,
  type GrantState,
  type RefreshRenewal,
  type SpendReason,
  type Trouble,
  type WarningLevel,
} from "./grant.ts";
import type { LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { isHeld, type Lease } from "./lease.ts";
import { windowEndMs } from "./presentation.ts";
import type { Step } from "./step.ts";
import type { Timing } from "./timing.ts";
import { nextWarmMs, type WarmHours } from "./warm-hours.ts";

export interface PlanInput {
  readonly nowMs: number;
  /** The store's own time, in which leases are counted. */
  readonly leaseNowMs: number;
  readonly lease: Lease;
  readonly node: NodeId;
  readonly owner: LeaseOwner;
  /** When a caller last asked for this grant's token, as far as this node knows. */
  readonly usedAtMs: number | null;
  /** Many grants of this app were refused at once: verdicts wait. */
  readonly massRefusal: boolean;
  /** The life that a waiting caller asks of its token; null while nobody waits. */
  readonly waitedForMs: number | null;
  /** The access token that the provider's API called expired, as this node saw; absent where it called none so. */
  readonly refusedAccess?: TokenVersionId | null;
  /** How old an access token is that was received by this instant is not known; absent where all are. */
  readonly accessAfterMs?: number;
  /** The warm hours of the connections that stand on this grant; absent where there are none. */
  readonly warm?: readonly WarmHours[];
}

/** Decides the next step of one grant. Never spends while another attempt may still be on its way. */
export function planStep(state: GrantState, input: PlanInput, timing: Timing): Step {
  switch (state.kind) {
    case "unconsented":
    case "ended":
      return { kind: "sleep" };
    case "consent-needed":
      return planPolling(state.chain, input, timing);
    case "in-court":
      return planKept(state, input, timing);
    case "live":
      return planKept({ ...state, chain: withoutMissed(state.chain, input.nowMs, timing) }, input, timing);
  }
}

function planKept(state: Extract<GrantState, { kind: "live" | "in-court" }>, input: PlanInput, timing: Timing): Step {
  const { chain } = state;
  const inFlight = restForAttempt(chain, input, timing);
  if (inFlight !== null) return inFlight;
  const backOff = restForTrouble(chain, input, timing);
  if (backOff !== null) return backOff;
  // I11 warning before lapse: also of one whose answers get lost for weeks; an attempt that nobody has asked for again comes first.
  const isUnasked = chain.attempt !== null && chain.trouble === null;
  const warning = state.kind === "live" && !isUnasked ? warningOf(chain, input.nowMs, timing) : null;
  if (warning !== null) return { kind: "warn", level: warning };
  // I8 bounded ambiguity: nothing is spent for a grant before its lost answer was asked for again.
  if (chain.attempt !== null) return spendAgain(chain, "recovery");
  return state.kind === "in-court" ? courtStep(state, input, timing) : planLive(chain, input, timing);
}

// An answer to the head's parent that is still owed, past the parent's grace: to ask again could only hurt the head.
function withoutMissed(chain: Chain, nowMs: number, timing: Timing): Chain {
  const { attempt, renewal } = chain;
  if (attempt === null || renewal.kind === "client-credentials" || renewal.previous === null) return chain;
  const isMissed = attempt.token === renewal.previous.version && nowMs >= windowEndMs(renewal.previous, timing);
  return isMissed ? { ...chain, attempt: null } : chain;
}

/** When a live chain is due by its schedule alone. */
export function dueAtMs(chain: Chain, usedAtMs: number | null, timing: Timing): { atMs: number; because: SpendReason } {
  const share = 1 - timing.limits.jitterShare * chain.jitter;
  const shortened = (ms: number) => chain.renewedAtMs + Math.floor(ms * share);
  const hotAtMs = shortened(timing.hotIntervalMs);
  const confirm = confirmAtMs(chain.renewal, timing);
  // I12 liveness: no head stays suspect. As soon as no duplicate can come any more: should it be refused, the court needs the rest
  // of the grace.
  if (confirm !== null) return { atMs: confirm.fromMs, because: "confirm" };
  const usedMs = Math.max(usedAtMs ?? Number.NEGATIVE_INFINITY, chain.usedAtMs ?? Number.NEGATIVE_INFINITY);
  const keepaliveAtMs = shortened(timing.keepaliveMs);
  // A Custom Connection holds nothing that could lapse; unused, it is asked from time to time whether it was deactivated.
  const isCustom = chain.renewal.kind === "client-credentials";
  const idleAtMs = isCustom ? shortened(timing.limits.approvalIntervalMs) : keepaliveAtMs;
  return usedMs >= hotAtMs - timing.hotForMs
    ? { atMs: Math.min(hotAtMs, idleAtMs), because: "hot" }
    : { atMs: idleAtMs, because: "keepalive" };
}

function planLive(chain: Chain, input: PlanInput, timing: Timing): Step {
  // Nobody knows yet whether it brings anything, be it that a Custom Connection's owner has approved it or that an imported token
  // lives: asked at once, not when the first caller comes.
  if (chain.access === null) return spendAgain(chain, "keepalive");
  if (timing.warnAfterMs !== null && input.nowMs - chain.renewedAtMs >= timing.warnAfterMs)
    return spendAgain(chain, "emergency");
  // I15 stampede: whoever waited for a token that another node has brought meanwhile sends nothing.
  if (isWorn(chain, input, timing)) return spendAgain(chain, "demand");
  const due = dueSoonerMs(chain, input, timing);
  if (input.nowMs >= due.atMs) return spendAgain(chain, due.because);
  return Number.isFinite(due.atMs) ? { kind: "rest", untilMs: due.atMs, because: "not-due" } : { kind: "sleep" };
}

/** The level that people have to be told of now: before the emergency refresh, and again when it gets critical. */
function warningOf(chain: Chain, nowMs: number, timing: Timing): WarningLevel | null {
  const ageMs = nowMs - chain.renewedAtMs;
  const { criticalAfterMs, warnAfterMs } = timing;
  if (criticalAfterMs !== null && ageMs >= criticalAfterMs && chain.warned !== "three-quarters")
    return "three-quarters";
  return warnAfterMs !== null && ageMs >= warnAfterMs && chain.warned === null ? "half" : null;
}

/** The schedule of a chain, made sooner by warm hours. */
function dueSoonerMs(chain: Chain, input: PlanInput, timing: Timing): ReturnType<typeof dueAtMs> {
  const { warm = [], nowMs, usedAtMs } = input;
  const due = dueAtMs(chain, warm.some(({ kind }) => kind === "always") ? nowMs : usedAtMs, timing);
  // A suspect head is used again in its own time.
  if (due.because === "confirm") return due;
  const warmAtMs = Math.min(...warm.map((hours) => warmDueMs(chain, { hours, nowMs }, timing)));
  return warmAtMs < due.atMs ? { atMs: warmAtMs, because: "warm" } : due;
}

// Ahead of the first instant that the token in hand does not last for; spread, as many jobs start at the same minute.
function warmDueMs(chain: Chain, at: { hours: WarmHours; nowMs: number }, timing: Timing): number {
  if (at.hours.kind === "always") return Number.POSITIVE_INFINITY;
  const { limits, hotIntervalMs } = timing;
  const keptMs = hotIntervalMs * (1 - limits.jitterShare);
  const lastsMs = chain.access === null ? 0 : Math.min(keptMs, remainingMs(chain.access, chain.renewedAtMs, timing));
  const readyMs = nextWarmMs(at.hours, Math.max(chain.renewedAtMs + lastsMs, at.nowMs));
  if (readyMs === null) return Number.POSITIVE_INFINITY;
  return readyMs - Math.min(limits.warmLeadMs, keptMs / 2) * (1 - chain.jitter / 2);
}

// Looked at again inside the transaction: another node may have renewed the token while this caller began to wait.
function isWorn(chain: Chain, input: PlanInput, timing: Timing): boolean {
  if (input.waitedForMs === null) return false;
  if (isRefused(chain, input, timing)) return true;
  const state = freshness(chain.access, { nowMs: input.nowMs, minTtlMs: input.waitedForMs }, timing);
  return state === "short" || state === "expired" || (state === "stale" && timing.policy.oldAccessToken === "dies");
}

// Never while a suspect head waits to be confirmed: what is wrong with the access token is no reason to spend it sooner.
function isRefused({ access, renewal }: Chain, input: PlanInput, timing: Timing): boolean {
  const { refusedAccess = null, accessAfterMs = Number.NEGATIVE_INFINITY } = input;
  if (access === null || confirmAtMs(renewal, timing) !== null) return false;
  return access.version === refusedAccess || access.receivedAtMs <= accessAfterMs;
}

function restForAttempt(chain: Chain, input: PlanInput, timing: Timing): Step | null {
  const { attempt } = chain;
  // I4 single spender: the lease outlives every stray request of its attempt, so its end is the end of the drain, also for its
  // holder.
  const drained = !isHeld(input.lease, input.leaseNowMs);
  // Another answer, late from a journal, has moved the chain on while this lease's own request is still on its way.
  if (attempt === null)
    return drained ? null : { kind: "rest", untilMs: input.lease.untilMs, because: "attempt-in-flight" };
  // A caller is blocked, our own attempt has ended, and the provider says that repeats are welcome: no need to drain.
  const ended = attempt.endedAtMs !== null;
  const mayOverlap =
    ended && input.waitedForMs !== null && input.lease.owner === input.owner && timing.policy.repeatsDocumented;
  if (!drained && !mayOverlap) return { kind: "rest", untilMs: input.lease.untilMs, because: "attempt-in-flight" };
  if (attempt.node !== input.node && timing.spendWindowMs !== null) {
    const holdFromMs = attempt.startedAtMs + timing.spendWindowMs;
    const holdUntilMs = attempt.startedAtMs + timing.limits.pastGraceHoldMs;
    if (input.nowMs >= holdFromMs && input.nowMs < holdUntilMs)
      return { kind: "rest", untilMs: holdUntilMs, because: "past-grace-hold" };
  }
  return null;
}

function restForTrouble(chain: Chain, input: PlanInput, timing: Timing): Step | null {
  if (chain.trouble === null) return null;
  const soonestMs = input.waitedForMs !== null ? soonestForCallerMs(chain.trouble, timing) : chain.trouble.retryAtMs;
  return input.nowMs < soonestMs ? { kind: "rest", untilMs: soonestMs, because: "backing-off" } : null;
}

// For a caller who waits the first repeat comes at once, later ones at the shortest pause; what the provider asked for holds.
function soonestForCallerMs(trouble: Trouble, timing: Timing): number {
  const pauseMs = trouble.failures === 1 && trouble.kind !== "app-error" ? 0 : timing.limits.retryFirstMs;
  return Math.max(trouble.notBeforeMs, Math.min(trouble.retryAtMs, trouble.lastAtMs + pauseMs));
}

// A Custom Connection that nobody has approved yet is asked again from time to time: its owner approves by e-mail, not here.
function planPolling(chain: Chain, input: PlanInput, timing: Timing): Step {
  if (chain.renewal.kind === "refresh-token") return { kind: "sleep" };
  const pollAtMs = chain.trouble === null ? input.nowMs : pollOf(chain.trouble, input, timing);
  return input.nowMs >= pollAtMs
    ? { kind: "request", because: "keepalive" }
    : { kind: "rest", untilMs: pollAtMs, because: "next-poll" };
}

// Polls grow rare while nobody asks; a caller who waits need not wait for the next rare one.
function pollOf(trouble: Trouble, input: PlanInput, timing: Timing): number {
  if (input.waitedForMs === null) return trouble.retryAtMs;
  return Math.max(trouble.notBeforeMs, Math.min(trouble.retryAtMs, trouble.lastAtMs + timing.limits.retryMaxMs));
}

// An unresolved attempt is repeated with the very token it presented.
function spendAgain(chain: Chain, because: SpendReason): Step {
  if (chain.renewal.kind === "client-credentials") return { kind: "request", because };
  return { kind: "spend", token: chain.attempt?.token ?? chain.renewal.head.version, because };
}

function confirmAtMs(renewal: Chain["renewal"], timing: Timing): { fromMs: number; untilMs: number } | null {
  if (renewal.kind === "client-credentials" || renewal.suspect === null || timing.confirm === null) return null;
  const fromMs = renewal.suspect.parentLastSentAtMs + timing.confirm.fromMs;
  const untilMs = renewal.suspect.parentFirstSentAtMs + timing.confirm.untilMs;
  // Recovered too late for a window: there is nothing left to fall back on, so the ordinary schedule decides.
  return fromMs <= untilMs ? { fromMs, untilMs } : null;
}

/** When a suspect head will be used again to confirm it; null where there is none, or it is too late for that. */
export function confirmFromMs(state: GrantState, timing: Timing): number | null {
  const chain = chainOf(state);
  return chain === null ? null : (confirmAtMs(chain.renewal, timing)?.fromMs ?? null);
}

/** Whether a suspect head can still be confirmed while its parent could step in. */
export function confirmIsPossible(renewal: RefreshRenewal, timing: Timing): boolean {
  return confirmAtMs(renewal, timing) !== null;
}
