import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_LIMITS, EvergrantError, type Secret } from "@evergrant/core";
import { PROVIDERS } from "../providers/catalogue.ts";
import { realChance, realTime } from "../real-time.ts";
import type { AccessToken } from "../service/access.ts";
import type { Keeper } from "../service/keeper.ts";
import { type NodeOptions, openNode } from "./open-node.ts";
import { type KeptRequestInit, tokenFetch } from "./token-fetch.ts";

/** What `openKeeper` takes: a folder, an address, and whatever is to differ from a node's defaults. */
export interface KeeperOptions extends Partial<Omit<NodeOptions, "folder" | "publicUrl" | "onIdle">> {
  /** Holds everything that is kept; for this process alone. Made with mode 0700 when it is not there. */
  readonly folder: string;
  /** Where the provider sends a person back to: redirect URIs and consent links begin with it. Without a trailing slash. */
  readonly publicUrl: string;
  /** The connection that is meant where a call names none. */
  readonly connection?: string;
  readonly onUnable?: (unable: KeeperUnable) => void;
  /** What sends the requests of `fetch`. Default: the global one. */
  readonly fetch?: typeof fetch;
}

/** A keeper in your own process, with the same way to tokens as `@evergrant/client` has. */
export interface OpenKeeper extends AsyncDisposable {
  /** Apps, connections, consents, and all else that faces may ask. */
  readonly keeper: Keeper;
  /** A valid access token of a connection. Throws as `Tokens.accessToken`, and `connection_not_named`, `connection_not_available`. */
  accessToken(ask?: KeptTokenAsk): Promise<AccessToken>;
  /**
   * `fetch` with token and organisation put in, to the API origins of the connection's provider alone. Redirects are not followed
   * unless `init.redirect` says so. Throws as `accessToken`, and `input_invalid`.
   */
  fetch(input: string | URL | Request, init?: KeptRequestInit): Promise<Response>;
  /** Hears whenever a token was asked for and there is none to give, once per outage and connection. Gives back how to stop listening. */
  onUnable(listen: (unable: KeeperUnable) => void): () => void;
  /** Drains and closes; folder and store are free afterwards. May be called again. */
  close(): Promise<void>;
}

export interface KeptTokenAsk {
  readonly connection?: string;
  /** A wish, in milliseconds; `expiresInMs` tells the truth. Default 60 s. */
  readonly minTtlMs?: number;
  /** Ends this caller's wait; what others wait for goes on. */
  readonly signal?: AbortSignal;
}

export interface KeeperUnable {
  readonly connection: string;
  readonly error: EvergrantError;
}

/**
 * Opens a keeper in this process: store, keys, journal and schedule, without any HTTP face. The operator key is written to
 * `operator-key` in the folder (0600) unless `keepOperatorKey` takes it, so that a server can be put before the folder later.
 * @throws store_unopenable · store_newer · kek_missing · kek_wrong · journal_held · journal_unwritable · journal_foreign · journal_on_memory
 */
export async function openKeeper(options: KeeperOptions): Promise<OpenKeeper> {
  const folder = resolve(options.folder);
  const node = await openNode({
    ...{ store: { kind: "sqlite" }, keyRing: null, journalMayVanish: false, providers: PROVIDERS },
    ...{ limits: DEFAULT_LIMITS, time: realTime(), chance: realChance(), reached: () => {}, keyNetworks: [] },
    report: ({ what, subject }) => process.emitWarning(`${what} failed (${subject})`, { type: "EvergrantWarning" }),
    keepOperatorKey: (key) => writeOperatorKey(folder, key),
    ...options,
    onIdle: () => {},
    folder,
  });
  const { keeper } = node;
  const listeners = new Set(options.onUnable === undefined ? [] : [options.onUnable]);
  const tokens = tellingTokens(keeper, (unable) => {
    for (const listen of [...listeners]) listen(unable);
  });
  const named = (connection = options.connection): string => {
    if (connection === undefined) throw new EvergrantError("connection_not_named");
    return connection;
  };
  const accessToken: OpenKeeper["accessToken"] = async ({ connection, ...ask } = {}) => tokens(named(connection), ask);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= node.close());
  return {
    ...{ keeper, accessToken, close, [Symbol.asyncDispose]: close },
    fetch: tokenFetch({
      ...{ keeper, providers: options.providers ?? PROVIDERS, send: options.fetch ?? fetch },
      ...{ named, accessToken },
    }),
    onUnable: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
  };
}

type Tokens = (connection: string, ask: Omit<KeptTokenAsk, "connection">) => Promise<AccessToken>;

function tellingTokens(keeper: Keeper, tell: (unable: KeeperUnable) => void): Tokens {
  const told = new Set<string>();
  return async (connection, { signal, ...ask }) => {
    signal?.throwIfAborted();
    const id = keeper.connections.idOf(connection);
    if (id === undefined) throw new EvergrantError("connection_not_available");
    try {
      const token = await impatiently(keeper.tokens.accessToken(id, ask), signal);
      told.delete(connection);
      return token;
    } catch (error) {
      if (error instanceof EvergrantError && !told.has(connection)) {
        told.add(connection);
        tell({ connection, error });
      }
      throw error;
    }
  };
}

async function impatiently<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return await work;
  const ended = Promise.withResolvers<never>();
  const end = () => ended.reject(signal.reason);
  signal.addEventListener("abort", end);
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function writeOperatorKey(folder: string, key: Secret): void {
  const file = join(folder, "operator-key");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const handle = openSync(file, "w", 0o600);
    writeSync(handle, `${key.reveal()}\n`);
    closeSync(handle);
  } catch (error) {
    throw new EvergrantError("store_unopenable", { detail: `cannot write ${file}`, cause: error });
  }
}
