/** Counts one app's requests in fixed windows of a minute; null: the request may go on, else the seconds until the next window. */
export type TokenRateLimit = (
  clientId: string,
  at: { readonly nowMs: number; readonly perMinute: number | null },
) => number | null;

const minuteMs = 60_000;

export function createTokenRateLimit(): TokenRateLimit {
  let window = -1;
  let counts = new Map<string, number>();
  return (clientId, { nowMs, perMinute }) => {
    if (perMinute === null) return null;
    const present = Math.floor(nowMs / minuteMs);
    if (present !== window) {
      window = present;
      counts = new Map();
    }
    const count = (counts.get(clientId) ?? 0) + 1;
    counts.set(clientId, count);
    return count > perMinute ? Math.ceil(((present + 1) * minuteMs - nowMs) / 1000) : null;
  };
}
