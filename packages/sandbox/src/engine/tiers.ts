/**
 * What each tier allows an app: organisations connected (null: no limit), and calls a day to one of them.
 * Sources: developer.xero.com/pricing (tiers since 2 March 2026); the calls from copies of its page about limits.
 */
export const TIER_LIMITS = {
  starter: { connections: 5, callsPerDay: 1000 },
  core: { connections: 50, callsPerDay: 5000 },
  plus: { connections: 1000, callsPerDay: 5000 },
  advanced: { connections: 10_000, callsPerDay: 5000 },
  enterprise: { connections: null, callsPerDay: 5000 },
} as const satisfies Readonly<Record<string, { readonly connections: number | null; readonly callsPerDay: number }>>;
export type Tier = keyof typeof TIER_LIMITS;
export const TIERS = ["starter", "core", "plus", "advanced", "enterprise"] as const satisfies readonly Tier[];
