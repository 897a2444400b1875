import { type RepeatWindow, type Rotation, repeatWindow } from "./rotation.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What a provider does to its tokens, as far as time is concerned. */
export interface TokenPolicy {
  readonly accessLifeMs: number;
  /** How long an unused refresh token lives. */
  readonly idleLifeMs: number | "unlimited" | "unknown";
  /** How long a chain may live however often it is used. */
  readonly absoluteLifeMs: number | "none" | "unknown";
  readonly rotation: Rotation;
  /** What a refresh does to the access token issued before it. */
  readonly oldAccessToken: "survives" | "dies" | "unknown";
  readonly earlyRefresh: "allowed" | "refused";
  /** The provider says in public that a lost answer may be asked for again with the same refresh token. */
  readonly repeatsDocumented: boolean;
}

/** What we allow ourselves. Every duration that is not the provider's is here, and nowhere else. */
export interface Limits {
  /** T: one token request, from the first byte sent to the last received. */
  readonly requestTimeoutMs: number;
  readonly marginMs: number;
  /** L: how long a lease is held, in the store's time. */
  readonly leaseMs: number;
  /** Longest life of a request whose socket we have given up. */
  readonly strayLifeMs: number;
  /** Clocks of nodes, store and provider may differ by this much. */
  readonly clockSkewMs: number;
  /** Longest pause of a process (virtual machine, garbage collection) that may fall between check and send. */
  readonly pauseToleratedMs: number;
  /** Between two presentations of a refused head. */
  readonly courtSpacingMs: number;
  readonly courtConfirmations: number;
  readonly keepaliveMaxMs: number;
  /** Jitter shortens an interval by up to this share; it never lengthens one. */
  readonly jitterShare: number;
  readonly callerWaitMs: number;
  readonly minTtlMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  readonly authzMaxStaleMs: number;
  /** An unresolved attempt of another node, past the grace, is waited for this long before its token is spent. */
  readonly pastGraceHoldMs: number;
  /** So many lost answers within the window stop new attempts at that app's provider but for one canary. */
  readonly ambiguityThreshold: number;
  readonly ambiguityWindowMs: number;
  readonly massDeathWindowMs: number;
  /** Token requests of one app, per node. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  readonly recoveryReserveShare: number;
  readonly inFlightMax: number;
  readonly healthIntervalMs: number;
  /** So long a Custom Connection that nobody uses goes without being asked whether it is still approved. */
  readonly approvalIntervalMs: number;
  readonly consentLinkLifeMs: number;
  readonly consentSessionLifeMs: number;
  readonly journalRetentionMs: number;
  /** So far back answers in the journal are looked for in a store that may have lost its last moments. */
  readonly journalReconcileMs: number;
  /** How long a call through the gateway waits for room within the provider's limits. */
  readonly apiWaitMs: number;
  /** So long before the warm hours of a connection its token is renewed, at the earliest. */
  readonly warmLeadMs: number;
  /** The longest life of an assertion that a caller signs itself. */
  readonly assertionLifeMs: number;
  /** So long the store is waited for before this node's memory alone says whether an assertion was used. */
  readonly assertionClaimMs: number;
  /** So long the keys of who signs assertions are used without asking anew; */
  readonly keysFreshMs: number;
  /** so long they are used on while their source does not answer; */
  readonly keysKeptMs: number;
  /** and at most so often it is asked, whatever key somebody names. */
  readonly keysAskedMs: number;
  /** When callers used their credentials last is written down so often. */
  readonly callerUseMs: number;
  /** A signed-in operator who does nothing for so long is signed out; */
  readonly operatorIdleMs: number;
  /** and so long after signing in, whatever they do. */
  readonly operatorSessionLifeMs: number;
  /** An operator's looks at one thing are written down so often at most; changes and refusals each time. */
  readonly operatorLookMs: number;
  /** For so long a create that is repeated under its idempotency key gets its first answer. */
  readonly idempotencyKeptMs: number;
  /** A create that has not ended by then has broken off. */
  readonly idempotencyRunMs: number;
  /** A notice waits this long before it goes out: what is over by then was no news, and what comes at once is told together. */
  readonly noticeGatherMs: number;
  /** Between two mails to the same address; what comes meanwhile goes into the second. */
  readonly mailSpacingMs: number;
  /** Between two tries to bring a notice to somebody who does not take it, at most. */
  readonly noticeRetryMaxMs: number;
  /** After so long a notice that nobody took is given up, and waits for an operator who replays it. */
  readonly noticeGiveUpMs: number;
  /** How long notices are remembered that were delivered or given up. */
  readonly noticesKeptMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestTimeoutMs: 30_000,
  marginMs: 5_000,
  leaseMs: 90_000,
  strayLifeMs: 15_000,
  clockSkewMs: 10_000,
  pauseToleratedMs: 12 * MINUTE_MS,
  courtSpacingMs: 5 * MINUTE_MS,
  courtConfirmations: 2,
  keepaliveMaxMs: 7 * DAY_MS,
  jitterShare: 0.1,
  callerWaitMs: 8_000,
  minTtlMs: 60_000,
  retryFirstMs: 5_000,
  retryMaxMs: 5 * MINUTE_MS,
  authzMaxStaleMs: 5_000,
  pastGraceHoldMs: DAY_MS,
  ambiguityThreshold: 5,
  ambiguityWindowMs: 60_000,
  massDeathWindowMs: 10 * MINUTE_MS,
  requestsPerSecond: 50,
  requestBurst: 100,
  recoveryReserveShare: 0.2,
  inFlightMax: 32,
  healthIntervalMs: 60 * MINUTE_MS,
  approvalIntervalMs: DAY_MS,
  consentLinkLifeMs: 14 * DAY_MS,
  consentSessionLifeMs: 60 * MINUTE_MS,
  journalRetentionMs: 60 * DAY_MS,
  journalReconcileMs: DAY_MS,
  apiWaitMs: 90_000,
  warmLeadMs: 10 * MINUTE_MS,
  assertionLifeMs: MINUTE_MS,
  assertionClaimMs: 2_000,
  keysFreshMs: 10 * MINUTE_MS,
  keysKeptMs: DAY_MS,
  keysAskedMs: 30_000,
  callerUseMs: MINUTE_MS,
  operatorIdleMs: 30 * MINUTE_MS,
  operatorSessionLifeMs: 12 * 60 * MINUTE_MS,
  operatorLookMs: 10 * MINUTE_MS,
  idempotencyKeptMs: DAY_MS,
  idempotencyRunMs: 5 * MINUTE_MS,
  noticeGatherMs: 30_000,
  mailSpacingMs: 10 * MINUTE_MS,
  noticeRetryMaxMs: 240 * MINUTE_MS,
  noticeGiveUpMs: 3 * DAY_MS,
  noticesKeptMs: 90 * DAY_MS,
};

/** When a settled head that took more than one send is used again, so that its parent could still step in. */
export interface ConfirmWindow {
  /** Counted from the last intent of the parent: later than any paused duplicate can arrive. */
  readonly fromMs: number;
  /** Counted from the first send of the parent: early enough to fall back on it. */
  readonly untilMs: number;
}

/** Every duration that decisions need, derived from one provider's policy and our limits. */
export interface Timing {
  readonly policy: TokenPolicy;
  readonly limits: Limits;
  /** A request may be started only this long after its lease was asked for, so that it never outlives the lease. */
  readonly sendDeadlineMs: number;
  readonly hotIntervalMs: number;
  /** A connection is hot while it was asked for within this time. */
  readonly hotForMs: number;
  readonly keepaliveMs: number;
  readonly warnAfterMs: number | null;
  readonly criticalAfterMs: number | null;
  readonly lapseAfterMs: number | null;
  readonly repeat: RepeatWindow;
  /** A token whose first send is older than this is not presented again while another could be hurt by it. */
  readonly spendWindowMs: number | null;
  readonly confirm: ConfirmWindow | null;
  readonly minTtlCapMs: number;
  /** What this provider's policy does not let us promise, in words. */
  readonly cannotPromise: readonly string[];
}

/** The durations of one policy, or the inequalities that our limits break. */
export type TimingVerdict =
  | { readonly kind: "possible"; readonly timing: Timing }
  | { readonly kind: "impossible"; readonly reasons: readonly string[] };

/**
 * Derives every duration and checks the inequalities of the refresh protocol.
 * Limits that break one are `impossible`: nothing starts. A policy that cannot meet one yields a sentence in `cannotPromise`.
 */
export function timing(policy: TokenPolicy, limits: Limits): TimingVerdict {
  const reasons = brokenInequalities(policy, limits);
  if (reasons.length > 0) return { kind: "impossible", reasons };
  const hotIntervalMs = hotInterval(policy);
  const repeat = repeatWindow(policy.rotation);
  const confirm = confirmWindow(repeat, limits);
  const idle = typeof policy.idleLifeMs === "number" ? policy.idleLifeMs : null;
  const derived = {
    policy,
    limits,
    sendDeadlineMs: sendDeadline(limits),
    hotIntervalMs,
    hotForMs: 2 * policy.accessLifeMs,
    keepaliveMs: Math.min(limits.keepaliveMaxMs, idle === null ? limits.keepaliveMaxMs : idle / 8),
    warnAfterMs: idle === null ? null : idle / 2,
    criticalAfterMs: idle === null ? null : (idle * 3) / 4,
    lapseAfterMs: idle,
    repeat,
    spendWindowMs: repeat.kind === "for" ? repeat.ms - limits.requestTimeoutMs - limits.marginMs : null,
    confirm,
    minTtlCapMs: Math.max(0, policy.accessLifeMs - hotIntervalMs - limits.clockSkewMs),
  };
  return { kind: "possible", timing: { ...derived, cannotPromise: unkeepable(derived) } };
}

// Golden rule: refresh while the parent of the token in hand could still be repeated, and at two thirds of a life at most.
function hotInterval(policy: TokenPolicy): number {
  if (policy.earlyRefresh === "refused") return policy.accessLifeMs;
  const grace = policy.rotation.kind === "grace" ? policy.rotation.seconds * 1000 : Number.POSITIVE_INFINITY;
  return Math.min((policy.accessLifeMs * 2) / 3, worthTryingFor(grace, policy));
}

// A grace far below the access token's life (Okta's 30 s) must not turn the schedule into a flood.
function worthTryingFor(graceMs: number, policy: TokenPolicy): number {
  const interval = (graceMs * 2) / 3;
  return interval >= policy.accessLifeMs / 4 ? interval : Number.POSITIVE_INFINITY;
}

// Whatever is sent before it, its stray included, has ended when the lease does.
function sendDeadline(limits: Limits): number {
  const { leaseMs, requestTimeoutMs, strayLifeMs, marginMs } = limits;
  return Math.min(Math.floor((leaseMs * 2) / 3), leaseMs - requestTimeoutMs - strayLifeMs - marginMs);
}

function confirmWindow(repeat: RepeatWindow, limits: Limits): ConfirmWindow | null {
  if (repeat.kind !== "for") return null;
  // The latest duplicate: checked just before its deadline, paused for as long as we tolerate, then a stray for all its life.
  const strayMs = limits.requestTimeoutMs + limits.strayLifeMs;
  const fromMs = sendDeadline(limits) + limits.pauseToleratedMs + strayMs + limits.marginMs;
  const untilMs = repeat.ms - 2 * (limits.requestTimeoutMs + limits.marginMs);
  return fromMs <= untilMs ? { fromMs, untilMs } : null;
}

function brokenInequalities(policy: TokenPolicy, limits: Limits): string[] {
  const { requestTimeoutMs: t, marginMs: margin, leaseMs: lease, strayLifeMs: stray } = limits;
  const reasons: string[] = [];
  const require = (holds: boolean, sentence: string) => holds || reasons.push(sentence);
  const whole = [...Object.entries(limits), ["accessLifeMs", policy.accessLifeMs] as const];
  for (const [name, value] of whole) require(Number.isFinite(value) && value > 0, `${name} must be a positive number.`);
  require(t + margin <
    lease, "requestTimeoutMs + marginMs must be below leaseMs: a request may not outlive its lease.");
  require(t + stray + margin <=
    lease, "requestTimeoutMs + strayLifeMs + marginMs must be below leaseMs: the lease outlasts stray requests.");
  require(limits.clockSkewMs <
    policy.accessLifeMs / 4, "clockSkewMs must be below a quarter of the access token's life.");
  require(limits.jitterShare < 1, "jitterShare must be below 1.");
  require(limits.retryFirstMs <= limits.retryMaxMs, "retryFirstMs must not exceed retryMaxMs.");
  return reasons;
}

function unkeepable(timing: Omit<Timing, "cannotPromise">): string[] {
  const { policy, limits, repeat, hotIntervalMs, confirm, spendWindowMs } = timing;
  const sentences: string[] = [];
  const say = (missing: boolean, sentence: string) => missing && sentences.push(sentence);
  say(repeat.kind === "never", "This provider has no grace: one lost answer is one lost grant.");
  // The second try comes when the lease of the first has ended.
  say(
    spendWindowMs !== null && spendWindowMs < limits.leaseMs,
    "The grace is shorter than two tries: a request that times out may lose the grant.",
  );
  say(
    repeat.kind === "for" && confirm === null,
    "The grace is too short to outlast a paused process: a pause between check and send may lose the grant.",
  );
  const outside =
    confirm !== null && (hotIntervalMs * (1 - limits.jitterShare) < confirm.fromMs || hotIntervalMs > confirm.untilMs);
  say(outside, "The hot interval lies outside the confirm window: a suspect token is confirmed by an extra refresh.");
  say(policy.idleLifeMs === "unknown", "The idle life of refresh tokens is unknown: a lapse cannot be announced.");
  say(typeof policy.absoluteLifeMs === "number", "Consent ends after a fixed time however well it is kept.");
  return sentences;
}
