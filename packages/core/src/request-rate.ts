/** How many requests somebody may still make now; filled by time, emptied by requests. */
export interface RequestBucket {
  readonly left: number;
  readonly atMs: number;
}

/** The bucket after one more request of somebody who may make so many a minute, all of them at once; or how long to wait. */
export function takeRequest(
  bucket: RequestBucket | undefined,
  perMinute: number,
  nowMs: number,
): { readonly kind: "go"; readonly bucket: RequestBucket } | { readonly kind: "wait"; readonly retryAfterMs: number } {
  const refilled =
    bucket === undefined ? perMinute : bucket.left + (Math.max(0, nowMs - bucket.atMs) * perMinute) / 60_000;
  const left = Math.min(perMinute, refilled);
  if (left >= 1) return { kind: "go", bucket: { left: left - 1, atMs: nowMs } };
  return { kind: "wait", retryAfterMs: Math.ceil(((1 - left) * 60_000) / perMinute) };
}
