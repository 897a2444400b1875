import type { Notice, Unable } from "./client.ts";
import { clientError } from "./errors.ts";
import { PATIENCE, type Patience } from "./patience.ts";
import { Secret } from "./secret.ts";
import type { Chance, Time } from "./time.ts";

/** What `createClient` takes. Either `url` or `issuer`. */
export type ClientOptions = Address & {
  readonly clientId: string;
  /** A function is asked at each request, so that a secret can be rolled over without a restart. */
  readonly clientSecret: string | (() => string | Promise<string>);
  /** Where `fetch` may send a token: the provider's API origins, such as `https://api.xero.com`. Default: none. */
  readonly apiOrigins?: readonly string[];
  /** The request header that names the organisation, such as `xero-tenant-id`. Default: none is sent. */
  readonly tenantHeader?: string;
  /** Keeps tokens over a restart, sealed, so that they are served also while Evergrant is down. Default: memory alone. */
  readonly snapshot?: SnapshotOptions;
  readonly onUnable?: (unable: Unable) => void;
  readonly onNotice?: (notice: Notice) => void;
  /** How long a request, and a wait of several, may take, and the life that is wished for: `requestTimeoutMs`, `waitMs`, `minTtlMs`. */
  readonly patience?: Partial<Pick<Patience, "requestTimeoutMs" | "waitMs" | "minTtlMs">>;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Default: the machine's own clock. */
  readonly time?: Time;
  /** Default: the operating system's randomness. */
  readonly chance?: Chance;
};

type Address =
  | {
      /** Evergrant's address, such as `https://evergrant.example`. */
      readonly url: string;
      /** The connection that is meant where a call names none. */
      readonly connection?: string;
      readonly issuer?: never;
    }
  | {
      /** The issuer of one connection, such as `https://evergrant.example/connections/acme`. */
      readonly issuer: string;
      readonly url?: never;
      readonly connection?: never;
    };

export interface SnapshotOptions {
  /** A file of this client's own. */
  readonly path: string;
  /** 32 bytes or more, as they are or in base64. Default: derived from the client secret. */
  readonly key?: Uint8Array | string;
}

/** Options, checked and brought into one form. */
export interface Configuration {
  readonly url: string;
  readonly connection: string | null;
  readonly apiOrigins: ReadonlySet<string>;
  readonly clientSecret: () => Promise<Secret>;
  readonly snapshotKey: () => Promise<Uint8Array>;
  readonly patience: Patience;
}

/** @throws client_misconfigured */
export function configurationOf(options: ClientOptions): Configuration {
  if (typeof options.clientId !== "string" || options.clientId === "")
    throw clientError("client_misconfigured", "clientId is empty");
  const { clientSecret } = options;
  const secret = async () => new Secret(typeof clientSecret === "function" ? await clientSecret() : clientSecret);
  if (typeof clientSecret !== "function" && (typeof clientSecret !== "string" || clientSecret === ""))
    throw clientError("client_misconfigured", "clientSecret is empty");
  const { url, connection } = addressOf(options);
  const key = options.snapshot?.key;
  const ownKey = key === undefined ? null : snapshotKeyOf(key);
  return {
    url: url.origin + url.pathname.replace(/\/$/, ""),
    connection,
    apiOrigins: new Set((options.apiOrigins ?? []).map(apiOriginOf)),
    clientSecret: secret,
    snapshotKey: async () => ownKey ?? Buffer.from((await secret()).reveal(), "utf8"),
    patience: { ...PATIENCE, ...options.patience },
  };
}

function addressOf({ url, issuer, connection }: ClientOptions): { url: URL; connection: string | null } {
  if ((url === undefined) === (issuer === undefined))
    throw clientError("client_misconfigured", "give either url or issuer");
  if (url !== undefined)
    return { url: safeUrl(url, "url"), connection: connection === undefined ? null : connectionName(connection) };
  const [, base = "", name = ""] = /^(.*)\/connections\/([^/]*)$/.exec(issuer ?? "") ?? [];
  if (base === "") throw clientError("client_misconfigured", "issuer is not https://HOST/connections/NAME");
  return { url: safeUrl(base, "issuer"), connection: connectionName(name) };
}

/** A name stands in the address of the request, so nothing else may come through it. @throws client_misconfigured */
export function connectionName(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    throw clientError("client_misconfigured", "there can be no connection of this name");
  return name;
}

// A secret or token in plain http is everybody's; on loopback there is nobody on the way.
function safeUrl(text: string, option: string): URL {
  if (!URL.canParse(text)) throw clientError("client_misconfigured", `${option} is not a URL`);
  const url = new URL(text);
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback))
    throw clientError("client_misconfigured", `${option} must be https, or http on loopback`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw clientError("client_misconfigured", `${option} has credentials, a query or a fragment`);
  return url;
}

function apiOriginOf(text: string): string {
  const url = safeUrl(text, "apiOrigins");
  if (url.pathname !== "/") throw clientError("client_misconfigured", "apiOrigins has a path");
  return url.origin;
}

function snapshotKeyOf(key: Uint8Array | string): Uint8Array {
  const bytes = typeof key === "string" ? Buffer.from(key, "base64") : key;
  if (bytes.length < 32) throw clientError("client_misconfigured", "snapshot.key has less than 32 bytes");
  return bytes;
}
