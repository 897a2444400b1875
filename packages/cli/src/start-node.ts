import { resolve } from "node:path";
import { DEFAULT_LIMITS, EvergrantError, type Limits, type Secret } from "@evergrant/core";
import {
  type Keeper,
  type KeyRingSource,
  type MailServer,
  type OpenNode,
  openNode,
  type Provider,
  type ProviderFile,
  realChance,
  realTime,
  type StoreChoice,
  withOwnProviders,
} from "@evergrant/keeper";
import {
  createRequestLog,
  createServer,
  createTelemetry,
  type Listeners,
  type OpenIdOptions,
  type RequestLog,
  type Telemetry,
} from "@evergrant/server";
import { type FollowedClock, followClock } from "./follow-clock.ts";
import { findFreePort } from "./free-port.ts";
import { isLoopbackHost, isLoopbackUrl } from "./loopback.ts";
import { loopbackKeeper, loopbackProviders, refuseRealProviders } from "./loopback-providers.ts";
import { publishPoint } from "./points.ts";
import { writePrivateFile } from "./private-file.ts";
import { checkPublicUrl } from "./public-address.ts";
import { reportFailure } from "./report-failure.ts";

/** How a node is started. */
export interface StartOptions {
  /** Holds everything that the node keeps; made with mode 0700 when it is not there. */
  readonly folder: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where browsers and callers reach it; required off loopback, else `http://localhost:PORT`. */
  readonly publicUrl?: string;
  /** Where the admin API listens on 127.0.0.1 when the node is not for this machine alone. 0 picks a free one. */
  readonly adminPort?: number;
  /** Default: the file `evergrant.db` in the folder. */
  readonly store?: StoreChoice;
  /** Default: the file `kek` in the folder. */
  readonly keyRing?: KeyRingSource;
  /** For trying things out where the folder lies on a memory disk. */
  readonly journalMayVanish?: boolean;
  /** Networks (CIDR) from which callers' keys may be fetched besides the open internet. Default: none. */
  readonly keyNetworks?: readonly string[];
  /** Proxies, by address or network, whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Where browsers reach the console, if not at the admin API's own address: a proxy's, or a tunnel's. */
  readonly consoleUrl?: string;
  /** Where operators may sign in to the console besides by their keys. */
  readonly openId?: OpenIdOptions;
  readonly limits?: Limits;
  /** Default: the catalogue, with `ownProviders`. */
  readonly providers?: ReadonlyMap<string, Provider>;
  /** Files that describe providers of one's own. */
  readonly ownProviders?: readonly ProviderFile[];
  /** A sandbox's control URL whose clock is followed. */
  readonly followClock?: string;
  /** How mail leaves. Default: nobody is told by mail. */
  readonly mail?: MailServer;
  /** Default: refused and failed requests, as JSON lines on standard error. */
  readonly log?: RequestLog;
  /** Where the operator key may be shown, once. `false`: it is written to `operator-key` in the folder, mode 0600. */
  readonly terminal: false | { show(text: string): void };
}

/** What became of the operator key: it is made once in the life of a deployment. */
export type OperatorKeyPlace =
  | { readonly kind: "shown" }
  | { readonly kind: "written"; readonly file: string }
  | { readonly kind: "made-before" };

export interface StartedNode {
  /** Where browsers and callers reach it, without a trailing slash. */
  readonly url: string;
  /** Where its admin API is. */
  readonly adminUrl: string;
  /** Where a browser finds the console. */
  readonly consoleUrl: string;
  readonly keeper: Keeper;
  readonly operatorKey: OperatorKeyPlace;
  /** Takes no new request, drains, and frees ports and folder. May be called again. */
  close(): Promise<void>;
}

const DEFAULT_ADMIN_PORT = 4182;

/**
 * Starts a node of Evergrant: store, journal, schedule, and the HTTP faces around them. Whatever fails, nothing stays half started.
 * @throws provider_file_invalid · port_taken · public_url_required · plain_http_refused · follow_clock_refused and all that `openNode` throws
 */
export async function startNode(options: StartOptions): Promise<StartedNode> {
  const opened: Opened = [];
  try {
    return await start({ log: createRequestLog({ level: "warn", destination: process.stderr }), ...options }, opened);
  } catch (error) {
    await closeAll(opened).catch(() => {});
    throw error;
  }
}

type Logged = StartOptions & { readonly log: RequestLog };
type Opened = (() => Promise<void> | void)[];

async function start(options: Logged, opened: Opened): Promise<StartedNode> {
  // Before anything is opened: a file that is wrong starts nothing.
  const providers = options.providers ?? withOwnProviders(options.ownProviders ?? [], options.limits ?? DEFAULT_LIMITS);
  const address = await findAddress(options);
  const clock = options.followClock === undefined ? null : await followClock(options.followClock, { base: realTime() });
  if (clock !== null) opened.unshift(() => clock.close());
  const operatorKey = operatorKeyKeeping(options);
  const telemetry = createTelemetry();
  const { keeper, rest } = await openKeeper(options, {
    publicUrl: address.publicUrl,
    providers,
    clock,
    opened,
    telemetry,
    keep: operatorKey.keep,
  });
  const server = await createServer({
    keeper,
    publicUrl: address.publicUrl,
    listeners: address.listeners,
    trustedProxies: options.trustedProxies ?? [],
    log: options.log,
    ...(options.consoleUrl === undefined ? {} : { consoleUrl: options.consoleUrl }),
    ...(options.openId === undefined ? {} : { openId: options.openId }),
    telemetry,
  });
  // Before the callers are waited for, who may take their time: what a kill would cut off is finished by then.
  opened.unshift(rest, () => server.close());
  let closing: Promise<void> | undefined;
  return {
    url: server.urls.public,
    adminUrl: server.urls.admin,
    consoleUrl: server.urls.console,
    keeper,
    operatorKey: operatorKey.place(),
    close: () => (closing ??= closeAll(opened)),
  };
}

interface Address {
  readonly publicUrl: string;
  readonly listeners: Listeners;
}

// Redirect URIs hold the port, so it must be known before the store is opened.
async function findAddress(options: StartOptions): Promise<Address> {
  const host = options.host ?? "127.0.0.1";
  const given = checkPublicUrl(host, options.publicUrl);
  const port = await findFreePort(host, options.port);
  const publicUrl = given ?? `http://localhost:${port}`;
  // Behind a public name the admin API keeps to this machine, on a listener of its own.
  const open = !isLoopbackHost(host) || !isLoopbackUrl(publicUrl);
  const adminHost = "127.0.0.1";
  const admin = open
    ? { host: adminHost, port: await findFreePort(adminHost, options.adminPort ?? DEFAULT_ADMIN_PORT) }
    : ("with-public" as const);
  return { publicUrl, listeners: { public: { host, port }, internal: "with-public", admin } };
}

interface Opening {
  readonly publicUrl: string;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly clock: FollowedClock | null;
  readonly opened: Opened;
  readonly telemetry: Telemetry;
  readonly keep: (key: Secret) => void;
}

async function openKeeper(options: Logged, opening: Opening): Promise<Pick<OpenNode, "keeper" | "rest">> {
  const { clock, opened, providers } = opening;
  const node = await openNode({
    folder: resolve(options.folder),
    store: options.store ?? { kind: "sqlite" },
    keyRing: options.keyRing ?? null,
    journalMayVanish: options.journalMayVanish ?? false,
    publicUrl: opening.publicUrl,
    providers: clock === null ? providers : loopbackProviders(providers),
    keyNetworks: options.keyNetworks ?? [],
    limits: options.limits ?? DEFAULT_LIMITS,
    time: clock?.time ?? realTime(),
    chance: realChance(),
    reached: publishPoint,
    mail: options.mail ?? null,
    observe: opening.telemetry.observe,
    onIdle: clock?.onIdle ?? (() => {}),
    report: reportFailure(options.log),
    keepOperatorKey: opening.keep,
  });
  opened.unshift(() => node.close());
  if (clock === null) return node;
  await refuseRealProviders(node.keeper);
  clock.watch(node);
  return { keeper: loopbackKeeper(node.keeper), rest: node.rest };
}

function operatorKeyKeeping(options: StartOptions): { keep(key: Secret): void; place(): OperatorKeyPlace } {
  let place: OperatorKeyPlace = { kind: "made-before" };
  return {
    keep: (key) => {
      if (options.terminal === false) {
        const file = resolve(options.folder, "operator-key");
        writeKey(file, key);
        place = { kind: "written", file };
      } else {
        options.terminal.show(
          `Operator key, shown this once: ${key.reveal()}\nKeep it: the admin API and the other commands ask for it (EVERGRANT_OPERATOR_KEY).`,
        );
        place = { kind: "shown" };
      }
    },
    place: () => place,
  };
}

function writeKey(file: string, key: Secret): void {
  try {
    writePrivateFile(file, `${key.reveal()}\n`);
  } catch (error) {
    throw new EvergrantError("store_unopenable", { detail: `cannot write ${file}`, cause: error });
  }
}

// One that cannot be closed must not keep the others open.
async function closeAll(opened: Opened): Promise<void> {
  const failures: unknown[] = [];
  for (const close of opened.splice(0)) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
