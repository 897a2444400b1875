import type { ConnectionView, Keeper, NoticeCounts } from "@evergrant/keeper";
import type { ServerTime } from "../ports.ts";

/** More than these are not all looked at. */
const CONNECTIONS_AT_MOST = 10_000;
const FRESH_MS = 30_000;

export interface Census {
  readonly connections: readonly ConnectionView[];
  readonly notices: NoticeCounts;
  /** Whether all connections were counted. */
  readonly complete: boolean;
  /** On the server's monotonic clock. */
  readonly takenAtMs: number;
}

/**
 * How all connections stand, looked at no more often than every half a minute however often is asked. While the store is away the last
 * one stays; null before the first.
 */
export function censusOf(keeper: Keeper, time: ServerTime): () => Promise<Census | null> {
  let last: Census | null = null;
  let taking: Promise<void> | null = null;
  const take = async () => {
    const all = await keeper.connections.list(CONNECTIONS_AT_MOST + 1);
    const notices = await keeper.notices.counts();
    const connections = all.slice(0, CONNECTIONS_AT_MOST);
    last = { connections, notices, complete: connections.length === all.length, takenAtMs: time.monotonicMs() };
  };
  return async () => {
    if (last === null || time.monotonicMs() - last.takenAtMs >= FRESH_MS)
      taking ??= take()
        .catch(() => undefined)
        .finally(() => {
          taking = null;
        });
    await taking;
    return last;
  };
}
