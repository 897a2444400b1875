import {
  type ChainId,
  type ConnectionId,
  EvergrantError,
  firstChain,
  type GrantId,
  NO_LEASE,
  type WarmHours,
  warmHoursProblem,
} from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { AuditEntry, Records } from "../ports/records.ts";
import type { Tokens } from "./access.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type {
  Connections,
  ConnectionView,
  ErasedGrant,
  ErasureAsk,
  NewConnection,
  RemovalPlan,
  RemovedConnection,
  RevokedGrant,
  Story,
} from "./connecting.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { planRemoval, splitTenants } from "./connection-removal.ts";
import { viewConnection } from "./connection-views.ts";
import type { Erasure } from "./erasure.ts";
import type { GrantEnding } from "./grant-ending.ts";
import type { GrantViews } from "./grant-views.ts";
import type { HealthWatch } from "./health-watch.ts";
import { atHome, pinnedOf } from "./homes.ts";
import { newId } from "./new-id.ts";
import { type Page, type PageAsk, pageOf, placeByAge } from "./pages.ts";
import type { ServiceContext } from "./service-context.ts";
import { tellStory } from "./story.ts";

interface Parts {
  readonly apps: AppDirectory;
  readonly directory: ConnectionDirectory;
  readonly views: GrantViews;
  readonly ending: GrantEnding;
  readonly erasure: Erasure;
  readonly health: HealthWatch;
  readonly tokens: Tokens;
  readonly onScheduled: (dueAtMs: number | null) => void;
}

/** Connections as operators see them: made, listed, disabled, disconnected, explained. */
export class ConnectionDesk implements Connections {
  readonly #context: ServiceContext;
  readonly #parts: Parts;

  constructor(context: ServiceContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  async create(request: NewConnection): Promise<ConnectionView> {
    const { store, chance, time } = this.#context;
    const stored = await store.apps.findByName(request.app);
    if (stored === undefined) throw new EvergrantError("app_unknown");
    const app = await this.#parts.apps.get(stored.id);
    const id = newId<ConnectionId>("cn", chance);
    const grant = app.provider.kind === "client_credentials" ? await this.#ownGrant(app, request.by) : null;
    const createdAtMs = time.wallMs();
    const connection: StoredConnection = {
      id,
      name: request.name,
      app: stored.id,
      grant,
      tenants: [],
      expectedTenant: request.expectedTenant,
      consentEpoch: 0,
      disabledAtMs: null,
      createdAtMs,
      healthCheckedAtMs: null,
    };
    const created = await store.connections.create(
      connection,
      this.#records(id, "connection-created", request.by, { name: request.name, app: stored.name }),
    );
    if (created === "name-taken") throw new EvergrantError("name_taken");
    await this.#parts.directory.refresh(id);
    return await this.#view(connection);
  }

  async list(limit = Number.POSITIVE_INFINITY): Promise<readonly ConnectionView[]> {
    const connections = (await this.#context.store.connections.list()).slice(0, limit);
    return await Promise.all(connections.map((connection) => this.#view(connection)));
  }

  async page(from: PageAsk): Promise<Page<ConnectionView>> {
    const { connections } = this.#context.store;
    const list = { name: "connections", rows: connections.page.bind(connections), placeOf: placeByAge };
    const { items, next } = await pageOf<StoredConnection>(list, from);
    return { items: await Promise.all(items.map((connection) => this.#view(connection))), next };
  }

  async byName(name: string): Promise<ConnectionView> {
    return await this.#view(await this.#named(name));
  }

  idOf(name: string): ConnectionId | undefined {
    return this.#parts.directory.idOf(name);
  }

  async setDisabled(name: string, disabled: boolean, by: string): Promise<ConnectionView> {
    const { id } = await this.#named(name);
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    await this.#context.store.connections.change(id, (connection) =>
      (connection.disabledAtMs !== null) === disabled
        ? null
        : {
            connection: { ...connection, disabledAtMs },
            records: this.#records(id, disabled ? "connection-disabled" : "connection-enabled", by, {}),
          },
    );
    await this.#parts.directory.refresh(id);
    return await this.byName(name);
  }

  async setWarm(name: string, warm: WarmHours | null, by: string): Promise<ConnectionView> {
    const problem = warm === null ? null : warmHoursProblem(warm);
    if (problem !== null) throw new EvergrantError("warm_hours_invalid", { detail: problem });
    const { id } = await this.#named(name);
    const said = warm === null ? "idle" : warm.kind === "always" ? "always" : `${warm.cron} (${warm.zone})`;
    await this.#context.store.connections.change(id, ({ warm: _before, ...connection }) => ({
      connection: warm === null ? connection : { ...connection, warm },
      records: this.#records(id, "warm-hours-set", by, { warm: said }),
    }));
    await this.#parts.directory.refresh(id);
    return await this.byName(name);
  }

  /** First at the provider, then here: what could not be taken away there is told, not forgotten. */
  async remove(name: string, by: string): Promise<RemovedConnection> {
    const { store, gate } = this.#context;
    gate.requireOpen();
    const connection = await this.#named(name);
    const others =
      connection.grant === null
        ? []
        : (await store.connections.ofGrant(connection.grant)).filter((other) => other.id !== connection.id);
    const disconnected = await this.#disconnect(connection, splitTenants(connection, others).gone);
    const isLast = connection.grant !== null && others.length === 0;
    const grantRevoked =
      isLast && connection.grant !== null && (await this.#parts.ending.revoke(connection.grant, "revoked"));
    await store.connections.remove(
      connection.id,
      this.#records(connection.id, "connection-removed", by, {
        name,
        disconnected: disconnected.join(" "),
        grantRevoked,
      }),
    );
    await this.#parts.directory.refresh(connection.id);
    return { disconnected, remaining: others.map((other) => other.name), grantRevoked };
  }

  erase(name: string, ask: ErasureAsk): Promise<ErasedGrant> {
    return this.#parts.erasure.erase(name, ask);
  }

  async removal(name: string): Promise<RemovalPlan> {
    return await planRemoval(this.#context, await this.#named(name));
  }

  async revoke(name: string, agreed: { connections: readonly string[]; by: string }): Promise<RevokedGrant> {
    this.#context.gate.requireOpen();
    const connection = await this.#named(name);
    const { revoke: plan } = await planRemoval(this.#context, connection);
    if (connection.grant === null || plan === null) throw new EvergrantError("consent_required");
    // Somebody may have attached another connection since the list was read.
    if (plan.connections.toSorted().join(" ") !== agreed.connections.toSorted().join(" "))
      throw new EvergrantError("revocation_changed", { detail: `it would end ${plan.connections.join(", ")}` });
    const facts = { connections: plan.connections.join(" "), tenants: plan.tenants.join(", ") };
    await this.#context.store.audit.write(this.#records(connection.id, "revocation-asked", agreed.by, facts));
    const confirmed = await this.#parts.ending.revoke(connection.grant, "revoked");
    return { connections: plan.connections, confirmed };
  }

  async checkHealth(name: string): Promise<ConnectionView> {
    const connection = await this.#named(name);
    if (connection.grant === null) throw new EvergrantError("consent_required");
    await this.#parts.tokens.accessToken(connection.id).catch((error: unknown) => {
      // The point of a health check is to look again also where the last look said that the organisation is gone.
      if (!(error instanceof EvergrantError) || error.code !== "consent_required") throw error;
    });
    await this.#parts.health.check(connection.grant);
    return await this.byName(name);
  }

  async story(name: string, limit: number): Promise<Story> {
    return await tellStory(this.#context, this.#parts, { connection: await this.#named(name), limit });
  }

  async #disconnect(connection: StoredConnection, tenants: StoredConnection["tenants"]): Promise<readonly string[]> {
    const app = await this.#parts.apps.get(connection.app);
    const { tenants: discovery } = app.provider;
    if (tenants.length === 0 || discovery.kind !== "list" || !discovery.deletable) return [];
    const access = await this.#parts.tokens.accessToken(connection.id).catch(() => null);
    if (access === null) return [];
    const endpoints = atHome(await app.endpoints(), pinnedOf(connection.tenants));
    const gone: string[] = [];
    for (const tenant of tenants) {
      const answer = await this.#context.providerApi.deleteConnection(app.provider, endpoints, {
        connectionId: tenant.connectionId,
        accessToken: access.accessToken,
      });
      if (answer === "gone") gone.push(tenant.name);
    }
    return gone;
  }

  // A Custom Connection is app, grant and connection in one: its grant is there from the start.
  async #ownGrant(app: App, by: string): Promise<GrantId> {
    const { store, sealer, chance, time } = this.#context;
    const known = await store.grants.findBySubject(app.stored.id, app.stored.clientId);
    if (known !== undefined) return known.id;
    const id = newId<GrantId>("gr", chance);
    const chain = firstChain(newId<ChainId>("ch", chance), {
      renewal: "client-credentials",
      version: null,
      access: null,
      atMs: time.wallMs(),
      jitter: 0,
    });
    const audit: AuditEntry = {
      event: "grant-created",
      subject: { kind: "grant", id },
      atMs: time.wallMs(),
      by,
      facts: { kind: "client-credentials" },
    };
    const grant = {
      id,
      app: app.stored.id,
      subject: app.stored.clientId,
      state: { kind: "live", chain },
      lease: NO_LEASE,
      dataKey: sealer.newDataKey(id),
      // Asked at once: its owner may have approved it long ago, or has to be told that it waits.
      dueAtMs: time.wallMs(),
    } as const;
    await store.grants.create(grant, { audit: [audit], notices: [] });
    this.#parts.onScheduled(grant.dueAtMs);
    return id;
  }

  async #named(name: string): Promise<StoredConnection> {
    const connection = await this.#context.store.connections.findByName(name);
    if (connection === undefined) throw new EvergrantError("connection_unknown");
    return connection;
  }

  #view(connection: StoredConnection): Promise<ConnectionView> {
    return viewConnection(this.#context, this.#parts.apps, connection);
  }

  #records(id: ConnectionId, event: string, by: string, facts: Readonly<Record<string, string | boolean>>): Records {
    return {
      audit: [{ event, subject: { kind: "connection", id }, atMs: this.#context.time.wallMs(), by, facts }],
      notices: [],
    };
  }
}
