import { standsBackAtMostMs, timing } from "@evergrant/core";
import { LIMITS, type ScaledPolicy, scaledProviders } from "../kit/scaled-policy.ts";

/** What `timing()` promises about an attempt whose answer was lost, in the scaled policy of the run. */
export interface OutagePromise {
  /** So long after a token was first spent it may be presented again. */
  readonly spendWindowMs: number;
  /** What died in an attempt holds its lease for so long. */
  readonly leaseMs: number;
  /**
   * A node that can work for this long without a break has repeated the attempt: one lease, should a first repeat have been cut short
   * too, what it leaves to others first, and one request with its margin.
   */
  readonly neededMs: number;
}

export function outagePromise(policy: ScaledPolicy): OutagePromise {
  const provider = scaledProviders(policy).get("xero");
  if (provider === undefined) throw new Error("no such provider");
  const limits = LIMITS[policy];
  const verdict = timing(provider.policy, limits);
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  const { spendWindowMs } = verdict.timing;
  if (spendWindowMs === null) throw new Error("this provider has no grace");
  const { leaseMs, requestTimeoutMs, marginMs } = limits;
  return { spendWindowMs, leaseMs, neededMs: leaseMs + standsBackAtMostMs(limits) + requestTimeoutMs + marginMs };
}
