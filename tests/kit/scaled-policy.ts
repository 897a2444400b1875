import { DEFAULT_LIMITS, type Limits } from "@evergrant/core";
import { PROVIDERS, type Provider } from "@evergrant/keeper";

/** `scaled`: a minute, for a clock that is moved. `quick` and `steady`: for time that nobody moves, without and with time to spare. */
export type ScaledPolicy = "scaled" | "quick" | "steady";

interface Lives {
  readonly accessSeconds: number;
  readonly graceSeconds: number;
}

export const LIVES: { readonly [P in ScaledPolicy]: Lives } = {
  scaled: { accessSeconds: 60, graceSeconds: 60 },
  quick: { accessSeconds: 8, graceSeconds: 8 },
  steady: { accessSeconds: 10, graceSeconds: 40 },
};

const switchesOf = ({ accessSeconds, graceSeconds }: Lives) => ({
  "access_token.ttl_seconds": accessSeconds,
  "grace.seconds": graceSeconds,
});

/** The switches of a sandbox whose tokens live as long as the policy says. */
export const SWITCHES = {
  scaled: switchesOf(LIVES.scaled),
  quick: switchesOf(LIVES.quick),
  steady: switchesOf(LIVES.steady),
} as const satisfies { readonly [P in ScaledPolicy]: Readonly<Record<string, number>> };

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
export const LIMITS: { readonly [P in ScaledPolicy]: Limits } = {
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
  // The machine is shared by all nodes, the store, the provider and the callers: a request may take longer, and so may what comes between
  // the intent and the send (the lease less request, stray and margin: 4.3 s).
  steady: {
    ...scaled,
    requestTimeoutMs: 2_000,
    leaseMs: 8_000,
    pauseToleratedMs: 2_500,
    keepaliveMaxMs: 60_000,
    minTtlMs: 1_000,
    authzMaxStaleMs: 1_000,
  },
};

/** The provider catalogue with every life scaled down. */
export function scaledProviders(policy: ScaledPolicy): ReadonlyMap<string, Provider> {
  return new Map([...PROVIDERS].map(([id, provider]) => [id, shortLived(provider, LIVES[policy])]));
}

function shortLived(provider: Provider, { accessSeconds, graceSeconds }: Lives): Provider {
  const { rotation } = provider.policy;
  const shorter = rotation.kind === "grace" ? { ...rotation, seconds: graceSeconds } : rotation;
  return { ...provider, policy: { ...provider.policy, accessLifeMs: accessSeconds * 1000, rotation: shorter } };
}
