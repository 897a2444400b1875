import { DEFAULT_LIMITS, type Limits, type TokenPolicy, timing } from "@evergrant/core";

/** The protocol's durations in ticks of the model's clock, each rounded to the side that makes keeping a grant harder. */
export interface Ticks {
  readonly tickMs: number;
  readonly grace: number;
  /** Longest life of a request, strays included. */
  readonly request: number;
  readonly lease: number;
  /** From this age on a token that another node may have spent is not presented. */
  readonly spendWindow: number;
  /** Longest pause of a process. */
  readonly pause: number;
  /** Counted from the last send of the parent. */
  readonly confirmFrom: number;
  /** Counted from the first use of the parent. */
  readonly confirmUntil: number;
  /** Nothing depends on what is older. */
  readonly horizon: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Xero's documented policy: 30 minutes of access, 60 idle days, 30 minutes of grace from the first use. */
export const XERO_POLICY: TokenPolicy = {
  accessLifeMs: 30 * MINUTE_MS,
  idleLifeMs: 60 * DAY_MS,
  absoluteLifeMs: "unknown",
  rotation: {
    kind: "grace",
    seconds: 1800,
    anchor: "first-use",
    depth: "unknown",
    retry: "unknown",
    closesWhen: "unknown",
  },
  oldAccessToken: "unknown",
  earlyRefresh: "allowed",
  repeatsDocumented: true,
};

/**
 * Core's durations as ticks, with the grace cut into `perGrace` of them.
 * @throws RangeError where the clock is too coarse (or the policy too tight) for the protocol's inequalities.
 */
export function ticksOf(perGrace: number, policy: TokenPolicy = XERO_POLICY, limits: Limits = DEFAULT_LIMITS): Ticks {
  const verdict = timing(policy, limits);
  if (verdict.kind === "impossible") throw new RangeError(verdict.reasons.join(" "));
  const { repeat, confirm, spendWindowMs } = verdict.timing;
  if (repeat.kind !== "for" || confirm === null || spendWindowMs === null) {
    throw new RangeError("The model needs a provider with a grace that leaves room for a confirm window.");
  }
  const tickMs = repeat.ms / perGrace;
  const atLeast = (ms: number) => Math.ceil(ms / tickMs);
  const atMost = (ms: number) => Math.floor(ms / tickMs);
  const request = atLeast(limits.requestTimeoutMs + limits.strayLifeMs);
  const pause = atMost(limits.pauseToleratedMs);
  // A duplicate that was paused and then travelled may arrive in the very tick in which both end.
  const confirmFrom = Math.max(atLeast(confirm.fromMs), pause + request + 1);
  const ticks: Ticks = {
    tickMs,
    grace: perGrace,
    request,
    lease: atLeast(limits.leaseMs),
    spendWindow: Math.min(atMost(spendWindowMs), perGrace - request),
    pause,
    confirmFrom,
    confirmUntil: Math.min(atMost(confirm.untilMs), perGrace - 2 * request),
    horizon: perGrace + 1 + confirmFrom,
  };
  const broken = brokenInequalities(ticks);
  if (broken.length > 0) throw new RangeError(`${perGrace} ticks per grace are too coarse: ${broken.join("; ")}.`);
  return ticks;
}

/** The protocol's inequalities that a set of ticks does not keep, in words. */
export function brokenInequalities(ticks: Ticks): readonly string[] {
  const { grace, request, lease, spendWindow, pause, confirmFrom, confirmUntil } = ticks;
  const rules: readonly (readonly [boolean, string])[] = [
    [request >= 1 && request <= lease, "a request must not outlive its lease"],
    [lease < grace, "the lease must end inside the grace"],
    [spendWindow + request <= grace, "a token spent inside its window must arrive inside the grace"],
    [pause >= 1 && pause + request < confirmFrom, "the confirm must come later than the longest pause"],
    [confirmFrom <= confirmUntil, "the confirm window must not be empty"],
    [confirmUntil + 2 * request <= grace, "two tries must fit between the confirm and the end of the grace"],
  ];
  return rules.filter(([holds]) => !holds).map(([, sentence]) => sentence);
}
