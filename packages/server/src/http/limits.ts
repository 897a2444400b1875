/** Every bound on what comes in, in one place. Socket time-outs run on the machine's own clock. */
export const LIMITS = {
  tokenBodyBytes: 8 * 1024,
  consentBodyBytes: 1024,
  adminBodyBytes: 64 * 1024,
  /** A re-consent link is the longest thing that stands in a path. */
  pathParameterLength: 300,
  credentialLength: 512,
  connectionNamesPerRequest: 8,
  requestTimeoutMs: 15_000,
  keepAliveTimeoutMs: 72_000,
  /** Addresses that the rate limiter remembers. */
  addresses: 10_000,
  /** What a 503 says where nothing better is known. */
  retryAfterMs: 5_000,
} as const;
