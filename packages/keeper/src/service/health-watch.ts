import { type ConnectionId, type GrantId, remainingMs } from "@evergrant/core";
import type { ConnectionTenant, StoredConnection } from "../ports/connection-store.ts";
import type { Tenant } from "../ports/provider-api.ts";
import type { AuditEntry, NoticeEntry } from "../ports/records.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Asks the provider which tenants are still connected. A refresh may succeed while the connection is dead, so this is
 * the only thing that marks a tenant as gone, or as back.
 */
export class HealthWatch {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #live: LiveTokens;
  /** Until when a grant's connections need no look: a renewal comes every few minutes, a look every hour. */
  readonly #restsUntilMs = new Map<GrantId, number>();
  readonly #claimsRestUntilMs = new Map<GrantId, number>();

  constructor(
    context: ServiceContext,
    parts: { apps: AppDirectory; connections: ConnectionDirectory; live: LiveTokens },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#live = parts.live;
  }

  /** After a renewal: looks when the last look is older than the health interval. */
  afterRenewal(grant: GrantId): void {
    const { activity, report, limits, time } = this.#context;
    if (time.wallMs() < (this.#restsUntilMs.get(grant) ?? 0)) return;
    const look = async () => {
      const connections = await this.#context.store.connections.ofGrant(grant);
      if (connections.length === 0) return;
      const dueAtMs = connections.map(({ healthCheckedAtMs }) => (healthCheckedAtMs ?? 0) + limits.healthIntervalMs);
      const soonestMs = Math.min(...dueAtMs);
      if (soonestMs > time.wallMs()) this.#restsUntilMs.set(grant, soonestMs);
      else if (await this.check(grant)) this.#restsUntilMs.set(grant, time.wallMs() + limits.healthIntervalMs);
    };
    activity.during(look).catch((error: unknown) => report({ what: "health", subject: grant, error }));
  }

  /** A caller met a refusal that says an organisation is gone: only a claim, but one that is looked at soon. */
  claimed(grant: GrantId): void {
    const { activity, report, time } = this.#context;
    if (time.wallMs() < (this.#claimsRestUntilMs.get(grant) ?? 0)) return;
    this.#claimsRestUntilMs.set(grant, time.wallMs() + CLAIMS_REST_MS);
    activity
      .during(() => this.check(grant))
      .catch((error: unknown) => report({ what: "health", subject: grant, error }));
  }

  /** One list for all connections of the grant. False when the provider could not be asked. */
  async check(id: GrantId): Promise<boolean> {
    const { store, providerApi, time } = this.#context;
    const grant = await store.grants.load(id);
    const live = this.#live.get(id);
    if (grant === undefined || live === undefined) return false;
    const app = await this.#apps.get(grant.app);
    if (app.provider.tenants.kind === "none" || remainingMs(live.facts, time.wallMs(), app.timing) <= 0) return false;
    const listed = await providerApi.tenants(app.provider, await app.endpoints(), live.secret);
    if (listed.kind !== "listed") return false;
    for (const connection of await store.connections.ofGrant(id)) await this.#apply(connection.id, listed.tenants);
    return true;
  }

  async #apply(id: ConnectionId, listed: readonly Tenant[]): Promise<void> {
    const atMs = this.#context.time.wallMs();
    await this.#context.store.connections.change(id, (connection) => {
      const tenants = connection.tenants.map((tenant) => seen(tenant, listed, atMs));
      const changed = tenants.filter((tenant, index) => tenant.status !== connection.tenants[index]?.status);
      return {
        connection: { ...connection, tenants, healthCheckedAtMs: atMs },
        records: recordsFor(connection, changed, atMs),
      };
    });
    await this.#connections.refresh(id);
  }
}

/** Whoever calls for an organisation that is gone does so again and again. */
const CLAIMS_REST_MS = 60_000;

function seen(known: ConnectionTenant, listed: readonly Tenant[], atMs: number): ConnectionTenant {
  const now = listed.find((tenant) => tenant.id === known.id);
  const status = now === undefined ? "gone" : "connected";
  return { ...known, ...now, status, sinceMs: status === known.status ? known.sinceMs : atMs };
}

function recordsFor(
  connection: StoredConnection,
  changed: readonly ConnectionTenant[],
  atMs: number,
): { audit: AuditEntry[]; notices: NoticeEntry[] } {
  const subject = { kind: "connection", id: connection.id } as const;
  const facts = (tenant: ConnectionTenant) => ({ tenant: tenant.id, name: tenant.name });
  return {
    audit: changed.map((tenant) => ({
      event: tenant.status === "gone" ? "tenant-gone" : "tenant-back",
      subject,
      atMs,
      by: "keeper",
      facts: facts(tenant),
    })),
    notices: changed.map((tenant) => ({
      notice: tenant.status === "gone" ? "tenant-gone" : "tenant-back",
      subject,
      atMs,
      facts: facts(tenant),
    })),
  };
}
