import { authorizedFetch } from "./authorized-fetch.ts";
import type { Client, Notice, Unable } from "./client.ts";
import { clientError } from "./errors.ts";
import { Listeners } from "./listeners.ts";
import { type ClientOptions, type Configuration, configurationOf, connectionName } from "./options.ts";
import { realChance, realTime } from "./real-time.ts";
import { type KeptTokens, keptTokens } from "./snapshot/kept-tokens.ts";
import { snapshotFile } from "./snapshot/snapshot-file.ts";
import { TokenCache } from "./token-cache.ts";
import { tokenRequest } from "./token-request.ts";

/**
 * A client of Evergrant for one caller. It asks nothing before it is used.
 * @throws client_misconfigured
 */
export function createClient(options: ClientOptions): Client {
  const configuration = configurationOf(options);
  const { time = realTime, fetch: send = fetch } = options;
  const unable = new Listeners<Unable>(options.onUnable);
  const notices = new Listeners<Notice>(options.onNotice);
  const cache: TokenCache = new TokenCache({
    request: tokenRequest({
      ...{ url: configuration.url, clientId: options.clientId, clientSecret: configuration.clientSecret },
      ...{ fetch: send, timeoutMs: configuration.patience.requestTimeoutMs },
    }),
    ...{ time, chance: options.chance ?? realChance, patience: configuration.patience },
    onUnable: (event) => unable.tell(event),
    onNotice: (event) => notices.tell(event),
    onChange: () => kept?.changed(),
  });
  const kept = keptBy(options, { configuration, cache, notices });

  const accessToken: Client["accessToken"] = async (ask = {}) => {
    const connection = ask.connection === undefined ? configuration.connection : connectionName(ask.connection);
    if (connection === null) throw clientError("client_connection_missing");
    if (kept !== null && !kept.ready) await kept.load();
    const wish = { minTtlMs: ask.minTtlMs ?? configuration.patience.minTtlMs, signal: ask.signal ?? null };
    return ask.refused === undefined
      ? await cache.get(connection, wish)
      : await cache.getNewer(connection, ask.refused, wish);
  };
  const close = async () => {
    await cache.close();
    await kept?.written();
  };
  const fetchParts = {
    ...{ fetch: send, apiOrigins: configuration.apiOrigins },
    ...{ tenantHeader: options.tenantHeader ?? null, accessToken },
  };
  return {
    accessToken,
    fetch: (input, init) => authorizedFetch(fetchParts, input, init),
    onUnable: (listen) => unable.add(listen),
    onNotice: (listen) => notices.add(listen),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function keptBy(
  options: ClientOptions,
  parts: { configuration: Configuration; cache: TokenCache; notices: Listeners<Notice> },
): KeptTokens | null {
  if (options.snapshot === undefined) return null;
  const { configuration, cache, notices } = parts;
  const file = snapshotFile({
    path: options.snapshot.path,
    seal: async () => ({
      owner: [configuration.url, options.clientId],
      key: await configuration.snapshotKey(),
    }),
    chance: options.chance ?? realChance,
    onTrouble: (error) => notices.tell({ kind: "snapshot-trouble", error }),
  });
  return keptTokens({ file, cache, time: options.time ?? realTime });
}
