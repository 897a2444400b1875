import { DEFAULT_LIMITS, type Limits } from "@evergrant/core";
import { PROVIDERS, type Provider } from "@evergrant/keeper";

type Policy = "scaled" | "quick";

const SECONDS: { readonly [P in Policy]: number } = { scaled: 60, quick: 8 };

/** The switches of a sandbox whose tokens live as long as the policy says. */
export const SWITCHES = {
  scaled: { "access_token.ttl_seconds": SECONDS.scaled, "grace.seconds": SECONDS.scaled },
  quick: { "access_token.ttl_seconds": SECONDS.quick, "grace.seconds": SECONDS.quick },
} as const satisfies { readonly [P in Policy]: Readonly<Record<string, number>> };

const scaled: Limits = {
  ...DEFAULT_LIMITS,
  requestTimeoutMs: 1_000,
  marginMs: 200,
  leaseMs: 4_000,
  strayLifeMs: 1_500,
  clockSkewMs: 500,
  pauseToleratedMs: 24_000,
  courtSpacingMs: 2_000,
  keepaliveMaxMs: 300_000,
  minTtlMs: 2_000,
  retryFirstMs: 250,
  retryMaxMs: 5_000,
  healthIntervalMs: 120_000,
};

/** Limits that fit such a provider; they pass the same check as the real ones. */
export const LIMITS: { readonly [P in Policy]: Limits } = {
  scaled,
  quick: {
    ...scaled,
    requestTimeoutMs: 800,
    leaseMs: 3_000,
    strayLifeMs: 1_000,
    clockSkewMs: 300,
    pauseToleratedMs: 1_500,
    courtSpacingMs: 1_000,
    keepaliveMaxMs: 60_000,
    minTtlMs: 1_000,
    authzMaxStaleMs: 1_000,
  },
};

/** The provider catalogue with every life scaled down. */
export function scaledProviders(policy: Policy): ReadonlyMap<string, Provider> {
  return new Map([...PROVIDERS].map(([id, provider]) => [id, shortLived(provider, SECONDS[policy])]));
}

function shortLived(provider: Provider, seconds: number): Provider {
  const { rotation } = provider.policy;
  const shorter = rotation.kind === "grace" ? { ...rotation, seconds } : rotation;
  return { ...provider, policy: { ...provider.policy, accessLifeMs: seconds * 1000, rotation: shorter } };
}
