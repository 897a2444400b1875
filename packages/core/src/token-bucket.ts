import type { SpendReason } from "./grant.ts";
import type { Limits } from "./timing.ts";

/** How many requests one app may still send now; filled by time, emptied by requests. */
export interface TokenBucket {
  readonly level: number;
  readonly atMs: number;
}

export function fullBucket(nowMs: number, limits: Limits): TokenBucket {
  return { level: limits.requestBurst, atMs: nowMs };
}

/** The bucket after one request, or when the next may go. I8 bounded ambiguity: a share is kept for what cannot wait. */
export function draw(
  bucket: TokenBucket,
  ask: { because: SpendReason; nowMs: number },
  limits: Limits,
): { readonly kind: "go"; readonly bucket: TokenBucket } | { readonly kind: "wait"; readonly untilMs: number } {
  const filled = Math.min(
    limits.requestBurst,
    bucket.level + ((ask.nowMs - bucket.atMs) * limits.requestsPerSecond) / 1000,
  );
  const reserved = isUrgent(ask.because) ? 0 : limits.requestBurst * limits.recoveryReserveShare;
  const level = Math.max(0, filled);
  if (level - reserved >= 1) return { kind: "go", bucket: { level: level - 1, atMs: ask.nowMs } };
  return { kind: "wait", untilMs: ask.nowMs + Math.ceil(((1 + reserved - level) * 1000) / limits.requestsPerSecond) };
}

/** Whether a grant may be lost by waiting. */
export function isUrgent(because: SpendReason): boolean {
  switch (because) {
    case "recovery":
    case "confirm":
    case "court":
    case "emergency":
      return true;
    case "hot":
    case "warm":
    case "keepalive":
    case "demand":
      return false;
  }
}
