import type { Time } from "../time.ts";
import type { TokenCache } from "../token-cache.ts";
import type { SavedToken, Snapshot } from "./sealed-snapshot.ts";
import type { SnapshotFile } from "./snapshot-file.ts";

/** Brings the tokens of an earlier process into the cache, and what the cache holds into the file. */
export interface KeptTokens {
  readonly ready: boolean;
  load(): Promise<void>;
  changed(): void;
  written(): Promise<void>;
}

export function keptTokens(parts: { file: SnapshotFile; cache: TokenCache; time: Time }): KeptTokens {
  const { file, cache, time } = parts;
  let ready = false;
  let loading: Promise<void> | null = null;
  const load = async () => {
    const snapshot = await file.load();
    if (snapshot !== null) adopt(snapshot, cache, time);
    ready = true;
  };
  return {
    get ready() {
      return ready;
    },
    load: () => {
      loading ??= load();
      return loading;
    },
    changed: () => file.save(() => ({ savedAtMs: time.wallMs(), tokens: saved(cache) })),
    written: () => file.written(),
  };
}

// How long the process was away is told by the wall clock alone. One that shows less than when the file was written has
// been put back, and then nobody knows.
function adopt({ savedAtMs, tokens }: Snapshot, cache: TokenCache, time: Time): void {
  const nowMs = time.wallMs();
  if (nowMs < savedAtMs) return;
  for (const [connection, { accessToken, scope, tenants, expiresAtMs }] of tokens) {
    const leftMs = expiresAtMs - nowMs;
    if (leftMs <= 0) continue;
    const ends = { expiresAtWallMs: expiresAtMs, expiresAtMonotonicMs: time.monotonicMs() + leftMs };
    cache.adopt(connection, { accessToken, scope, tenants, ...ends });
  }
}

function saved(cache: TokenCache): ReadonlyMap<string, SavedToken> {
  const tokens = new Map<string, SavedToken>();
  for (const [connection, { accessToken, scope, tenants, expiresAtWallMs }] of cache.held())
    tokens.set(connection, { accessToken, scope, tenants, expiresAtMs: expiresAtWallMs });
  return tokens;
}
