import type { GrantId } from "./ids.ts";
import type { Limits } from "./timing.ts";

/** Grants of one app that were refused lately: many at once say something about the provider or the app, not about the people. */
export type Refusals = ReadonlyMap<GrantId, number>;

export function noteRefusal(refusals: Refusals, refusal: { grant: GrantId; nowMs: number }, limits: Limits): Refusals {
  const recent = [...refusals].filter(([, atMs]) => atMs > refusal.nowMs - limits.massDeathWindowMs);
  return new Map([...recent, [refusal.grant, refusals.get(refusal.grant) ?? refusal.nowMs]]);
}

/**
 * I1 no false death: whether verdicts wait although courts have sat: more than max(5, 2 %) of an app's grants were refused within the window, or all
 * of a handful. One grant alone is no mass.
 */
export function isMassDeath(refusals: Refusals, app: { grants: number; nowMs: number }, limits: Limits): boolean {
  const recent = [...refusals.values()].filter((atMs) => atMs > app.nowMs - limits.massDeathWindowMs).length;
  if (app.grants <= 5) return app.grants > 1 && recent >= app.grants;
  return recent > Math.max(5, app.grants * 0.02);
}
