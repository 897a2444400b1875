import { EvergrantError } from "@evergrant/core";
import type { ConnectionTenant } from "../ports/connection-store.ts";
import type { Provider } from "../ports/provider.ts";
import type { AccessToken } from "../service/access.ts";
import type { Keeper } from "../service/keeper.ts";

export interface KeptRequestInit extends RequestInit {
  readonly connection?: string;
  /** Id or name of the organisation. Default: the only one that the connection reaches. */
  readonly tenant?: string;
}

export interface TokenFetchParts {
  readonly keeper: Keeper;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly send: typeof fetch;
  readonly named: (connection: string | undefined) => string;
  readonly accessToken: (ask: { readonly connection: string; readonly signal?: AbortSignal }) => Promise<AccessToken>;
}

type TokenFetch = (input: string | URL | Request, init?: KeptRequestInit) => Promise<Response>;

/** `fetch` with a token put in, as the provider's data says: where it may go, and how the organisation is named. */
export function tokenFetch(parts: TokenFetchParts): TokenFetch {
  const { accessToken, named, send } = parts;
  return async (input, { connection: given, tenant, ...init } = {}) => {
    const connection = named(given);
    const request = input instanceof Request ? input : null;
    const { origins, tenantHeader } = await destinationOf(parts, connection);
    const origin = originOf(request?.url ?? String(input));
    if (origin === null || !origins.includes(origin))
      throw new EvergrantError("input_invalid", {
        detail: `a token of ${connection} is sent to ${origins.join(", ")} alone`,
      });
    const signal = init.signal ?? request?.signal;
    const token = await accessToken({ connection, ...(signal ? { signal } : {}) });
    const headers = new Headers(init.headers ?? request?.headers);
    headers.set("authorization", `Bearer ${token.accessToken.reveal()}`);
    if (tenantHeader !== null && !(tenant === undefined && headers.has(tenantHeader)))
      headers.set(tenantHeader, tenantIdOf(token, tenant));
    // A redirect would carry the token to wherever the answer says.
    return await send(input, { redirect: "manual", ...init, headers });
  };
}

interface Destination {
  readonly origins: readonly string[];
  readonly tenantHeader: string | null;
}

async function destinationOf({ keeper, providers }: TokenFetchParts, connection: string): Promise<Destination> {
  const { app: name, tenants } = await keeper.connections.byName(connection);
  const app = (await keeper.apps.list()).find((candidate) => candidate.name === name);
  const provider = app === undefined ? undefined : providers.get(app.provider);
  if (app === undefined || provider === undefined) throw new EvergrantError("app_unknown");
  const { tenantLocator, apiOrigins } = provider;
  return {
    origins: app.origins === null ? [...apiOrigins, ...tenants.flatMap(pinnedApi)] : [new URL(app.origins.api).origin],
    tenantHeader: tenantLocator.kind === "header" ? tenantLocator.name : null,
  };
}

function pinnedApi({ pinned }: ConnectionTenant): readonly string[] {
  return pinned?.api == null ? [] : [pinned.api];
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

function tenantIdOf({ tenants }: AccessToken, named: string | undefined): string {
  const byId = tenants.filter(({ id }) => named === undefined || id === named);
  const [found, ...others] = byId.length > 0 ? byId : tenants.filter(({ name }) => name === named);
  if (found !== undefined && others.length === 0) return found.id;
  const reached = tenants.map(({ name }) => name).join(", ") || "none";
  throw new EvergrantError("input_invalid", { detail: `name one organisation as tenant; it reaches: ${reached}` });
}
