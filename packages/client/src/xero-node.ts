import { clientError } from "./errors.ts";
import type { Secret } from "./secret.ts";

type Revealable = Pick<Secret, "reveal">;

/** What is needed of whoever has tokens: a `Client`, or an `OpenKeeper` of `@evergrant/keeper`. */
export interface TokenSource {
  accessToken(ask: { readonly connection?: string; readonly refused?: Revealable }): Promise<GivenToken>;
}

interface GivenToken {
  readonly accessToken: Revealable;
  readonly tokenType: "Bearer";
  readonly expiresInMs: number;
  readonly scope: string;
}

/** What is needed of a `XeroClient` of the package `xero-node`. */
export interface XeroNodeClient {
  setTokenSet(tokenSet: XeroTokenSet): void;
  readTokenSet(): unknown;
}

/** A token set as `xero-node` takes it. There is no refresh token in it: that stays with Evergrant. */
// No interface: `xero-node` takes any further member, and only a type literal fits that.
export type XeroTokenSet = {
  readonly access_token: string;
  readonly token_type: "Bearer";
  /** Seconds that remain. */
  readonly expires_in: number;
  readonly scope: string;
};

/** The connection that each XeroClient was made for; a token set is one per XeroClient, so a second connection would get the first one's. */
const connectionOf = new WeakMap<
  XeroNodeClient,
  { readonly client: TokenSource; readonly connection: string | null }
>();

/**
 * A `XeroClient` whose calls of any of its APIs, and of `updateTenants`, first get a valid token from Evergrant. A call that Xero
 * answers with 401 is made once more if Evergrant has a newer token and no argument is a stream. `refreshToken` brings the newest token too.
 * @throws client_connection_missing · xero_client_shared
 */
export function withEvergrant<Xero extends XeroNodeClient>(
  client: TokenSource,
  xero: Xero,
  ask: { readonly connection?: string } = {},
): Xero {
  const bound = connectionOf.get(xero);
  const connection = ask.connection ?? null;
  if (bound !== undefined && (bound.client !== client || bound.connection !== connection))
    throw clientError("xero_client_shared");
  connectionOf.set(xero, { client, connection });
  const calls: Calls = { xero, token: (refused) => client.accessToken({ ...ask, ...(refused && { refused }) }) };
  return new Proxy(xero, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "updateTenants" && isCallable(value)) return withToken(calls, target, value);
      if (name === "refreshToken") return () => refreshed(calls);
      if (typeof name === "string" && name.endsWith("Api") && isObject(value)) return apiWithToken(calls, value);
      return isCallable(value) ? value.bind(target) : value;
    },
  });
}

/** The token set for `xero.setTokenSet`, for whoever calls it by hand. @throws ClientError */
export async function xeroTokenSet(
  client: TokenSource,
  ask: { readonly connection?: string } = {},
): Promise<XeroTokenSet> {
  return tokenSetOf(await client.accessToken(ask));
}

interface Calls {
  readonly xero: XeroNodeClient;
  readonly token: (refused?: Revealable) => Promise<GivenToken>;
}

type Callable = (...args: unknown[]) => unknown;
const isCallable = (value: unknown): value is Callable => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function tokenSetOf({ accessToken, tokenType, expiresInMs, scope }: GivenToken): XeroTokenSet {
  return {
    access_token: accessToken.reveal(),
    token_type: tokenType,
    expires_in: Math.floor(expiresInMs / 1000),
    scope,
  };
}

function apiWithToken(calls: Calls, api: object): object {
  return new Proxy(api, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return isCallable(value) ? withToken(calls, target, value) : value;
    },
  });
}

function withToken(calls: Calls, owner: object, method: Callable): Callable {
  return async (...args) => {
    const first = await use(calls);
    try {
      return await method.apply(owner, args);
    } catch (error) {
      if (!wasUnauthorized(error) || args.some(isStream)) throw error;
      const second = await use(calls, first.accessToken).catch(() => first);
      if (second.accessToken.reveal() === first.accessToken.reveal()) throw error;
      return await method.apply(owner, args);
    }
  };
}

async function use(calls: Calls, refused?: Revealable): Promise<GivenToken> {
  const token = await calls.token(refused);
  calls.xero.setTokenSet(tokenSetOf(token));
  return token;
}

async function refreshed(calls: Calls): Promise<unknown> {
  await use(calls);
  return calls.xero.readTokenSet();
}

// The SDK rejects with a JSON text, and `updateTenants` with an object.
function wasUnauthorized(error: unknown): boolean {
  try {
    const told: unknown = typeof error === "string" ? JSON.parse(error) : error;
    const response: unknown = isObject(told) && "response" in told ? told.response : null;
    if (!isObject(response)) return false;
    return (
      ("statusCode" in response && response.statusCode === 401) || ("status" in response && response.status === 401)
    );
  } catch {
    return false;
  }
}

function isStream(argument: unknown): boolean {
  return isObject(argument) && ("pipe" in argument || Symbol.asyncIterator in argument);
}
