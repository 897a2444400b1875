/** Every bound on what comes in, in one place. Socket time-outs run on the machine's own clock. */
export const LIMITS = {
  tokenBodyBytes: 8 * 1024,
  consentBodyBytes: 1024,
  adminBodyBytes: 64 * 1024,
  /** A re-consent link is the longest thing that stands in a path. */
  pathParameterLength: 300,
  credentialLength: 512,
  connectionNamesPerRequest: 8,
  headersTimeoutMs: 15_000,
  /** A whole request, its body and the waiting of a call through the gateway included. */
  requestTimeoutMs: 300_000,
  /** A body that is kept, so that its call can be sent a second time. */
  replayableBodyBytes: 64 * 1024,
  /** How long a provider's API may say nothing: before its answer begins, and within it. */
  apiSilenceMs: 120_000,
  apiConnectMs: 10_000,
  /** A refusal of a provider's API is read up to here, to learn why. */
  apiRefusalBytes: 16 * 1024,
  /** A list of organisations that has to be filtered. */
  tenantListBytes: 8 * 1024 * 1024,
  keepAliveTimeoutMs: 72_000,
  /** How long a stop waits for what is being answered. Kubernetes kills a process 30 s after it asked it to end. */
  answeredAtStopMs: 20_000,
  /** Addresses that the rate limiter remembers. */
  addresses: 10_000,
  /** What a 503 says where nothing better is known. */
  retryAfterMs: 5_000,
} as const;
