/** How long and how often a client asks. One value, so that no other constant of time is anywhere in this package. */
export interface Patience {
  /** The life that is wished for where the caller says nothing. */
  readonly minTtlMs: number;
  /** One request; Evergrant itself answers within 8 s. Always on the real clock: the peer lives in real time. */
  readonly requestTimeoutMs: number;
  /** All requests that one wait may cost, and the pauses between them. */
  readonly waitMs: number;
  readonly attempts: number;
  readonly firstPauseMs: number;
  /** After failed waits the pauses double up to this one. */
  readonly longestPauseMs: number;
  /** Not more often than this is Evergrant asked for a longer life or a newer token than it just gave. */
  readonly askAgainMs: number;
  /** No `Retry-After` is believed beyond this. */
  readonly longestRetryAfterMs: number;
}

export const PATIENCE: Patience = {
  minTtlMs: 60_000,
  requestTimeoutMs: 15_000,
  waitMs: 20_000,
  attempts: 4,
  firstPauseMs: 250,
  longestPauseMs: 30_000,
  askAgainMs: 5_000,
  longestRetryAfterMs: 300_000,
};

/** The pause after the nth failure (from 1): doubles, with jitter that only shortens; never less than what Evergrant asked for. */
export function pauseMs(
  patience: Patience,
  failures: number,
  more: { retryAfterMs: number | null; draw: number },
): number {
  const doubledMs = Math.min(patience.longestPauseMs, patience.firstPauseMs * 2 ** (failures - 1));
  const askedMs = Math.min(patience.longestRetryAfterMs, more.retryAfterMs ?? 0);
  return Math.max(askedMs, doubledMs * (1 - more.draw / 2));
}
