import { type ConnectionId, chainOf, type GrantId, remainingMs, sameTenant } from "@evergrant/core";
import type { NoticeEntry } from "../ports/records.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { AppWatch } from "./app-watch.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { atHome, pinnedOf } from "./homes.ts";
import type { LiveTokens } from "./live-tokens.ts";
import { scopeNotice } from "./scope-watch.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import { afterLook, type Listing } from "./tenant-changes.ts";

/**
 * Asks the provider which tenants are still connected. A refresh may succeed while the connection is dead, so this is
 * the only thing that marks a tenant as gone, or as back.
 */
export class HealthWatch {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #live: LiveTokens;
  readonly #appWatch: AppWatch;
  readonly #askAnew: (grant: GrantId) => Promise<void>;
  /** Until when a grant's connections need no look: a renewal comes every few minutes, a look every hour. */
  readonly #restsUntilMs = new Map<GrantId, number>();
  readonly #claimsRestUntilMs = new Map<GrantId, number>();
  readonly #toldUntilMs = new Map<string, number>();

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      connections: ConnectionDirectory;
      live: LiveTokens;
      appWatch: AppWatch;
      /** How a Custom Connection is looked at, which has no list: by asking for a token. */
      askAnew: (grant: GrantId) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#live = parts.live;
    this.#appWatch = parts.appWatch;
    this.#askAnew = parts.askAnew;
  }

  /** After a renewal: looks when the last look is older than the health interval, or left something open. */
  afterRenewal(grant: GrantId): void {
    const { activity, report, limits, time } = this.#context;
    const owes = this.#appWatch.owesOwnLook(grant);
    if (!owes && time.wallMs() < (this.#restsUntilMs.get(grant) ?? 0)) return;
    const look = async () => {
      const connections = await this.#context.store.connections.ofGrant(grant);
      if (connections.length === 0) return;
      const dueAtMs = connections.map(({ healthCheckedAtMs }) => (healthCheckedAtMs ?? 0) + limits.healthIntervalMs);
      const soonestMs = Math.min(...dueAtMs);
      if (!owes && soonestMs > time.wallMs()) this.#restsUntilMs.set(grant, soonestMs);
      else if (await this.#look(grant)) this.#restsUntilMs.set(grant, time.wallMs() + limits.healthIntervalMs);
    };
    activity.during(look).catch((error: unknown) => report({ what: "health", subject: grant, error }));
  }

  /** A caller met a refusal that says an organisation is gone: only a claim, but one that is looked at soon. */
  claimed(claim: ApiClaim): void {
    const { activity, report, time } = this.#context;
    const { grant } = claim;
    if (time.wallMs() < (this.#claimsRestUntilMs.get(grant) ?? 0)) return;
    this.#claimsRestUntilMs.set(grant, time.wallMs() + CLAIMS_REST_MS);
    activity
      .during(async () => {
        await this.#lookInto(claim);
        await this.#askAnew(grant);
      })
      .catch((error: unknown) => report({ what: "health", subject: grant, error }));
  }

  // A refusal that the provider's list does not explain has another cause; it is told once a day, to whoever asks why.
  async #lookInto({ grant, connection, means, tenant }: ApiClaim): Promise<void> {
    const { store, time } = this.#context;
    const isLooked = await this.check(grant);
    if (connection === null || means === null || (means === "tenant-refused" && !isLooked)) return;
    const now = await store.connections.find(connection);
    const its = now?.tenants.find(({ id }) => tenant !== null && sameTenant(id, tenant));
    if (means === "tenant-refused" && its?.status !== "connected") return;
    const atMs = time.wallMs();
    const key = `${connection} ${means} ${tenant ?? ""}`;
    if (atMs < (this.#toldUntilMs.get(key) ?? 0)) return;
    this.#toldUntilMs.set(key, atMs + TOLD_AGAIN_MS);
    const subject = { kind: "connection", id: connection } as const;
    const facts = { tenant, name: its?.name ?? null };
    const event = means === "tenant-refused" ? "api-access-refused" : "api-scope-missing";
    const notices = means === "scope-missing" ? await this.#scopeNotices(grant, atMs) : [];
    await store.audit.write({ audit: [{ event, subject, atMs, by: "keeper", facts }], notices });
  }

  // A scope is of the grant's token: all connections that stand on it lack it.
  async #scopeNotices(id: GrantId, atMs: number): Promise<readonly NoticeEntry[]> {
    const grant = await this.#context.store.grants.load(id);
    if (grant === undefined) return [];
    const app = await this.#apps.get(grant.app);
    const missing = missingScopes(app, chainOf(grant.state)?.access?.scope ?? null).join(" ");
    return [scopeNotice(grant, { missing, atMs })];
  }

  /** One list for all connections of the grant, or of its app where no token of the grant is in hand. False when neither could be had. */
  async check(id: GrantId): Promise<boolean> {
    if (await this.#look(id)) return true;
    const grant = await this.#context.store.grants.load(id);
    return grant !== undefined && (await this.#appWatch.look(grant.app)).has(id);
  }

  async #look(id: GrantId): Promise<boolean> {
    const { clock, store, providerApi } = this.#context;
    const grant = await store.grants.load(id);
    const live = this.#live.get(id);
    if (grant === undefined || live === undefined) return false;
    const app = await this.#apps.get(grant.app);
    if (app.provider.tenants.kind !== "list" || remainingMs(live.facts, clock.latestMs(), app.timing) <= 0)
      return false;
    const connections = await store.connections.ofGrant(id);
    const endpoints = atHome(await app.endpoints(), pinnedOf(connections.flatMap(({ tenants }) => tenants)));
    const listed = await providerApi.tenants(app.provider, endpoints, live.secret);
    if (listed.kind !== "listed") return false;
    const ofGrant = connections.flatMap(({ tenants }) => tenants.map((tenant) => tenant.id));
    for (const connection of connections) await this.#apply(connection.id, { listed: listed.tenants, ofGrant });
    this.#appWatch.lookedItself(id);
    return true;
  }

  async #apply(id: ConnectionId, look: Omit<Listing, "atMs">): Promise<void> {
    const atMs = this.#context.time.wallMs();
    await this.#context.store.connections.change(id, (connection) => afterLook(connection, { ...look, atMs }));
    await this.#connections.refresh(id);
  }
}

/** What an answer of the provider's API seems to say of a grant. */
export interface ApiClaim {
  readonly grant: GrantId;
  /** Null where it is not known which connection was used. */
  readonly connection: ConnectionId | null;
  readonly means: "tenant-refused" | "scope-missing" | null;
  readonly tenant: string | null;
}

/** Whoever calls for an organisation that is gone does so again and again. */
const CLAIMS_REST_MS = 60_000;
const TOLD_AGAIN_MS = 24 * 60 * 60_000;
