import {
  type ApiCall,
  type ApiPath,
  allowsPath,
  type ConnectionId,
  EvergrantError,
  forbidsPath,
  readApiPath,
  sameTenant,
} from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ApiRules, RefusalMeaning } from "../ports/provider.ts";
import type { AccessToken, CallerPrincipal, PermissionName, Tokens } from "./access.ts";
import { type ApiAnswerHead, meaningOf } from "./api-account.ts";
import type { ApiTurn, ApiTurns } from "./api-turns.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { HealthWatch } from "./health-watch.ts";
import { pinnedOf } from "./homes.ts";
import { namedTenant, type PlacedTenant, placeTenant } from "./tenant-place.ts";

/** Decides about calls to providers' APIs that pass through; whoever carries them decides nothing. */
export interface Gateway {
  /**
   * What becomes of one call: where it goes and what is put in, decided from what is really sent.
   * @throws connection_not_available · connection_disabled · api_path_refused · api_call_forbidden · api_call_not_permitted · tenant_not_named · tenant_not_available
   */
  admit(caller: CallerPrincipal, ask: ApiAsk): Promise<AdmittedCall>;
  /**
   * The token itself, for a proxy that puts it into calls on its own: whoever holds `forward` can read it, and nothing holds it to less.
   * @throws connection_not_available · tenant_not_named · tenant_not_available, and as `Tokens.accessToken`
   */
  forward(caller: CallerPrincipal, ask: ForwardAsk): Promise<Forwarded>;
}

export interface ForwardAsk {
  /** Name of the connection. */
  readonly connection: string;
  /** A header field of the call, by lower-case name. */
  header(name: string): string | null;
}

export interface Forwarded {
  readonly token: AccessToken;
  /** To be put in besides the token, such as the organisation. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long a proxy may keep this answer, in memory alone: what it hands out at the end of it lives longer than that again. */
  readonly keepForMs: number;
}

/** A call as a caller sent it. */
export interface ApiAsk {
  /** Name of the connection. */
  readonly connection: string;
  readonly method: string;
  /** As it came, beginning with a slash. */
  readonly path: string;
  /** As it came, without its question mark. */
  readonly query: string;
  /** A header field by lower-case name. */
  header(name: string): string | null;
}

export interface AdmittedCall {
  readonly connection: ConnectionId;
  readonly origin: string;
  /** Path and query, as they have to be sent. */
  readonly target: string;
  /** Put in besides the token. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which addresses the origin may resolve to: only an operator's replaced origin may be this machine. */
  readonly addresses: "public" | "loopback";
  /** Header fields passed on besides the usual ones. */
  readonly passes: { readonly request: readonly string[]; readonly answer: readonly string[] };
  /** The answer is a list of organisations, of which the caller may see these alone; null: an answer like any. */
  readonly shows: ShownTenants | null;
  /** Waits until the provider's limits leave room. @throws api_quota_spent · api_call_cancelled, and as `admit` */
  turn(signal: AbortSignal): Promise<ApiTurn>;
  /** @throws as `Tokens.accessToken` */
  token(): Promise<AccessToken>;
  /** Another token instead of one that the API called expired; null where there is none to be had. */
  replacement(refused: AccessToken): Promise<AccessToken | null>;
  /** Why the API refused, by its own signs; that an organisation is gone is looked at behind. `body`: its beginning. */
  meaning(head: ApiAnswerHead, body: string): RefusalMeaning | null;
}

/** Names of members are joined by dots; `items` is empty where the answer is the list, and null where it is the one organisation. */
export interface ShownTenants {
  readonly items: string | null;
  readonly member: string;
  readonly tenants: readonly string[];
}

interface Parts {
  readonly apps: AppDirectory;
  readonly connections: ConnectionDirectory;
  readonly tokens: Tokens;
  readonly turns: ApiTurns;
  readonly health: HealthWatch;
}

/** The gateway's decisions, from memory. */
export class GatewayDesk implements Gateway {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async admit(caller: CallerPrincipal, ask: ApiAsk): Promise<AdmittedCall> {
    const connection = this.#permitted(caller, { right: "gateway", connection: ask.connection });
    const app = this.#parts.apps.peek(connection.app) ?? (await this.#parts.apps.get(connection.app));
    const { apiOrigins } = await app.endpoints();
    const origin = originOf(pinnedOf(connection.tenants)?.api ?? apiOrigins[0]);
    const path = readApiPath(ask.path);
    if (path === null) throw new EvergrantError("api_path_refused");
    refuseForbidden(app.provider.api, { method: ask.method, path });
    const asked: Asked = { caller, connection, app, ask: { ...ask, path, header: (name) => ask.header(name) } };
    const shows = this.#shows(asked);
    const placed = shows === null ? placedTenant(asked) : null;
    if (shows === null) requireCovered(asked, placed);
    return this.#admitted(asked, { origin, placed, shows });
  }

  async forward(caller: CallerPrincipal, ask: ForwardAsk): Promise<Forwarded> {
    const connection = this.#permitted(caller, { right: "forward", connection: ask.connection });
    const app = this.#parts.apps.peek(connection.app) ?? (await this.#parts.apps.get(connection.app));
    const { tenantLocator } = app.provider;
    const headers = tenantLocator.kind === "header" ? forwardedTenant(tenantLocator.name, { ask, connection }) : {};
    const token = await this.#parts.tokens.accessToken(connection.id);
    const sureMs = token.expiresInMs - app.timing.limits.marginMs;
    return { token, headers, keepForMs: Math.max(0, Math.min(KEPT_FORWARD_MS, Math.floor(sureMs / 2))) };
  }

  #admitted(asked: Asked, to: Destination): AdmittedCall {
    const { connection, app, ask, caller } = asked;
    const { tokens, turns } = this.#parts;
    const { api, tenantLocator } = app.provider;
    const { placed, shows, origin } = to;
    const query = placed?.query ?? ask.query;
    const ofNobody = tenantLocator.kind === "none" ? connection.grant : null;
    return {
      connection: connection.id,
      ...{ origin, shows, headers: placed?.headers ?? {} },
      target: query === "" ? ask.path.text : `${ask.path.text}?${query}`,
      addresses: app.stored.origins !== null && isLoopbackOrigin(origin) ? "loopback" : "public",
      passes: { request: api.requestHeaders, answer: api.answerHeaders },
      turn: (signal) =>
        turns.take({
          app: app.stored.id,
          limits: api.limits,
          place: placed?.tenant.toLowerCase() ?? ofNobody,
          caller: caller.id,
          still: () => this.#still(asked, placed),
          signal,
        }),
      token: () => tokens.accessToken(connection.id),
      replacement: (refused) => tokens.replacement(connection.id, refused.accessToken),
      meaning: (head, body) => {
        const meaning = meaningOf(api, head, body);
        if ((meaning === "tenant-refused" || meaning === "scope-missing") && connection.grant !== null)
          this.#parts.health.claimed({
            ...{ grant: connection.grant, connection: connection.id, means: meaning },
            tenant: placed?.tenant ?? null,
          });
        return meaning;
      },
    };
  }

  // Whoever waited may have lost the permission meanwhile, or the connection been disabled.
  #still(asked: Asked, placed: PlacedTenant | null): void {
    this.#permitted(asked.caller, { right: "gateway", connection: asked.ask.connection });
    requireCovered(asked, placed);
  }

  // An unknown connection is asked about like any other, so that neither words nor time tell it from a forbidden one.
  #permitted(caller: CallerPrincipal, { right, connection: name }: PermissionName): StoredConnection {
    const id = this.#parts.connections.idOf(name);
    const permitted = caller.may(right, id ?? NO_CONNECTION);
    const connection = id === undefined ? undefined : this.#parts.connections.get(id);
    if (connection === undefined || !permitted) throw new EvergrantError("connection_not_available");
    if (connection.disabledAtMs !== null) throw new EvergrantError("connection_disabled");
    return connection;
  }

  // The provider's list names every organisation that the token reaches, also those of other connections.
  #shows(asked: Asked): AdmittedCall["shows"] {
    const { tenants } = asked.app.provider;
    const { ask, caller, connection } = asked;
    if (tenants.kind !== "list" || ask.path.text !== tenants.path) return null;
    const shown = reachable(asked).filter((tenant) => caller.mayCall(connection.id, { ...callOf(asked), tenant }));
    if (shown.length === 0 && !caller.mayCall(connection.id, callOf(asked)))
      throw new EvergrantError("api_call_not_permitted");
    return { items: tenants.items, member: tenants.idMember, tenants: shown };
  }
}

interface Asked {
  readonly caller: CallerPrincipal;
  readonly connection: StoredConnection;
  readonly app: App;
  readonly ask: Omit<ApiAsk, "path"> & { readonly path: ApiPath };
}

interface Destination {
  readonly origin: string;
  readonly placed: PlacedTenant | null;
  readonly shows: AdmittedCall["shows"];
}

const NO_CONNECTION = "" as ConnectionId;
/** A revocation shows at a proxy within this time. */
const KEPT_FORWARD_MS = 10_000;

function forwardedTenant(
  field: string,
  { ask, connection }: { readonly ask: ForwardAsk; readonly connection: StoredConnection },
): Readonly<Record<string, string>> {
  const named = ask.header(field.toLowerCase())?.trim() || null;
  return { [field.toLowerCase()]: chosenTenant(connectedTenants(connection), named) };
}

function connectedTenants({ tenants }: StoredConnection): readonly string[] {
  return tenants.filter((tenant) => tenant.status === "connected").map(({ id }) => id);
}

/** The one that was named, in the provider's own spelling, or the only one there is. */
function chosenTenant(reached: readonly string[], named: string | null): string {
  const [tenant, ...more] = named === null ? reached : reached.filter((known) => sameTenant(known, named));
  if (tenant === undefined) throw new EvergrantError("tenant_not_available");
  if (more.length > 0) throw new EvergrantError("tenant_not_named", { detail: `one of ${reached.join(", ")}` });
  return tenant;
}

const callOf = ({ ask }: Asked): ApiCall => ({ method: ask.method, path: ask.path, tenant: null });

/** The connection's organisations that some permission of the caller reaches. */
function reachable({ caller, connection }: Asked): readonly string[] {
  return caller.reached(connection.id, connectedTenants(connection));
}

/** The one organisation that the call is about: the one it names, or the only one there is. Null where calls are about none. */
function placedTenant(asked: Asked): PlacedTenant | null {
  const { app, ask } = asked;
  const { tenantLocator, api } = app.provider;
  if (tenantLocator.kind === "none" || api.untenanted.some((pattern) => allowsPath(pattern, ask.path))) return null;
  const tenant = chosenTenant(reachable(asked), namedTenant(tenantLocator, ask));
  return placeTenant(tenantLocator, ask, tenant);
}

function requireCovered(asked: Asked, placed: PlacedTenant | null): void {
  if (!asked.caller.mayCall(asked.connection.id, { ...callOf(asked), tenant: placed?.tenant ?? null }))
    throw new EvergrantError("api_call_not_permitted");
}

function refuseForbidden(api: ApiRules, call: { readonly method: string; readonly path: ApiPath }): void {
  const forbidden = api.forbidden.find(
    ({ methods, path }) => (methods === null || methods.includes(call.method)) && forbidsPath(path, call.path),
  );
  if (forbidden !== undefined) throw new EvergrantError("api_call_forbidden", { detail: forbidden.because });
}

/** @throws provider_unreachable */
function originOf(address: string | undefined): string {
  if (address === undefined)
    throw new EvergrantError("provider_unreachable", { detail: "the provider's API has no address" });
  return new URL(address).origin;
}

function isLoopbackOrigin(origin: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(origin).hostname);
}
