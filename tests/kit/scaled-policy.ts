import { DEFAULT_LIMITS, type Limits } from "@evergrant/core";
import { PROVIDERS, type Provider } from "@evergrant/keeper";

/** Limits that fit a provider with 60 s of access and grace; they pass the same check as the real ones. */
export const SCALED_LIMITS: Limits = {
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

/** The switches of a sandbox that goes with them. */
export const SCALED_SWITCHES = { "access_token.ttl_seconds": 60, "grace.seconds": 60 } as const;

/** The provider catalogue with every life scaled down. */
export function scaledProviders(): ReadonlyMap<string, Provider> {
  return new Map([...PROVIDERS].map(([id, provider]) => [id, scaled(provider)]));
}

function scaled(provider: Provider): Provider {
  const { rotation } = provider.policy;
  const policy = {
    ...provider.policy,
    accessLifeMs: 60_000,
    rotation: rotation.kind === "grace" ? { ...rotation, seconds: 60 } : rotation,
  };
  return { ...provider, policy };
}
