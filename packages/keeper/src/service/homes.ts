import { EvergrantError, type GrantId } from "@evergrant/core";
import type { ConnectionTenant } from "../ports/connection-store.ts";
import type { HomeRule, Homes, PinnedOrigins, Provider, ResolvedEndpoints } from "../ports/provider.ts";
import type { App } from "./app-directory.ts";
import type { ServiceContext } from "./service-context.ts";
import { single } from "./single-parameter.ts";

/** What was said where a home may be read: texts by name. */
export interface Said {
  readonly callback: Readonly<Record<string, string>>;
  readonly answer: Readonly<Record<string, string>>;
}

const NOWHERE: PinnedOrigins = { tokenEndpoint: null, api: null };
const SAME_FOR_ALL: Homes = { tokenEndpoint: null, api: null };

/** The rules that count for an app: origins that an operator put in are the same for all its grants. */
export function homesOf(app: Pick<App, "provider" | "stored">): Homes {
  return app.stored.origins === null ? app.provider.homes : SAME_FOR_ALL;
}

/**
 * The callback's parameters that the provider's data ask for, each once and fitting its pattern.
 * @throws consent_callback_invalid
 */
export function keptParameters(app: App, params: URLSearchParams): Readonly<Record<string, string>> {
  const kept = callbackRules(app).map(({ name, pattern }) => {
    const value = single(params, name);
    if (value === null || matched(pattern, value) === null) throw new EvergrantError("consent_callback_invalid");
    return [name, value] as const;
  });
  return Object.fromEntries(kept);
}

/** Where a new grant's data lie. Null where something is missing or is not believed: then its tokens may go nowhere. */
export function pinOrigins(homes: Homes, said: Said): PinnedOrigins | null {
  const tokenEndpoint = homes.tokenEndpoint === null ? null : homeBy(homes.tokenEndpoint, said);
  const api = homes.api === null ? null : homeBy(homes.api, said);
  const isMissing = (homes.tokenEndpoint !== null && tokenEndpoint === null) || (homes.api !== null && api === null);
  return isMissing ? null : { tokenEndpoint, api };
}

/** The home of the token endpoint, which has to be known before there is an answer. */
export function pinTokenEndpoint(homes: Homes, callback: Said["callback"]): PinnedOrigins | null {
  return pinOrigins({ ...homes, api: null }, { callback, answer: {} });
}

/** The endpoints as one grant has them. */
export function atHome(endpoints: ResolvedEndpoints, pinned: PinnedOrigins | null): ResolvedEndpoints {
  const { tokenEndpoint, api } = pinned ?? NOWHERE;
  const moved = (address: string) => (tokenEndpoint === null ? address : withOrigin(address, tokenEndpoint));
  return {
    ...endpoints,
    token: moved(endpoints.token),
    revocation: endpoints.revocation === null ? null : moved(endpoints.revocation),
    apiOrigins: api === null ? endpoints.apiOrigins : [api],
  };
}

/** Where the grant of a connection was pinned to; all its organisations lie there. */
export function pinnedOf(tenants: readonly ConnectionTenant[]): PinnedOrigins | null {
  return tenants.find((tenant) => tenant.pinned !== undefined)?.pinned ?? null;
}

/** The same by the grant's id, for its token requests. Null where it is not known, or not now; nothing may be sent then. */
export async function pinnedTokenEndpoint(
  context: ServiceContext,
  app: App,
  grant: GrantId,
): Promise<PinnedOrigins | null> {
  if (homesOf(app).tokenEndpoint === null) return NOWHERE;
  try {
    const connections = await context.store.connections.ofGrant(grant);
    const pinned = pinnedOf(connections.flatMap(({ tenants }) => tenants));
    return pinned?.tokenEndpoint == null ? null : pinned;
  } catch {
    return null;
  }
}

/** The endpoints that one grant's access tokens may be shown to. Null where its home is not known. */
export async function endpointsOfGrant(
  { store }: Pick<ServiceContext, "store">,
  app: App,
  grant: GrantId,
): Promise<ResolvedEndpoints | null> {
  const endpoints = await app.endpoints();
  if (homesOf(app).api === null) return endpoints;
  const connections = await store.connections.ofGrant(grant);
  const pinned = pinnedOf(connections.flatMap(({ tenants }) => tenants));
  return pinned?.api == null ? null : atHome(endpoints, pinned);
}

/** What a pattern picks out of a value that fits it whole: its first group, or all. Null where it does not fit. */
export function matched(pattern: string, value: string): string | null {
  const [whole, group] = new RegExp(`^(?:${pattern})$`).exec(value) ?? [];
  return whole === undefined ? null : (group ?? whole);
}

function callbackRules(app: App): readonly { readonly name: string; readonly pattern: string }[] {
  const { tenants }: Pick<Provider, "tenants"> = app.provider;
  const homes = homesOf(app);
  const byHome = [homes.tokenEndpoint, homes.api].filter((rule) => rule !== null && rule.from === "callback");
  const byTenant = tenants.kind === "callback" ? [{ name: tenants.parameter, pattern: tenants.pattern }] : [];
  return [...byHome.filter((rule) => rule !== null), ...byTenant];
}

function homeBy(rule: HomeRule, said: Said): string | null {
  const from = rule.from === "callback" ? said.callback : said.answer;
  const value = Object.hasOwn(from, rule.name) ? (from[rule.name] ?? "") : "";
  const origin = matched(rule.pattern, value) === null ? "" : rule.origin.replace("{}", () => value);
  // The pattern decides; that it is an origin and nothing more, so that no path or user comes along, is not left to it.
  return URL.canParse(origin) && new URL(origin).origin === origin ? origin : null;
}

function withOrigin(address: string, origin: string): string {
  const { pathname, search } = new URL(address);
  return `${origin}${pathname}${search}`;
}
