import type { AppId, GrantId } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { Tenant } from "../ports/provider-api.ts";
import { Alarm } from "./alarm.ts";
import type { AppDirectory } from "./app-directory.ts";
import { sortOut } from "./app-listing.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { wholeAppScope } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import { SingleFlight } from "./single-flight.ts";
import { afterLook } from "./tenant-changes.ts";
import { WholeAppList } from "./whole-app-list.ts";

/**
 * Where an app may list all its connections, looks at them once in a health interval: one request for all, so that a connection which
 * nobody uses is looked at without spending its refresh token for that. What the list leaves open is left to the grant's own next look.
 */
export class AppWatch {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #list: WholeAppList;
  readonly #alarm: Alarm;
  readonly #looking = new SingleFlight<AppId, ReadonlySet<GrantId>>();
  readonly #dueAtMs = new Map<AppId, number>();
  #appsMayDiffer = true;
  /** Apps whose list was seen to name connections that we know, so that what it leaves out is gone. */
  readonly #proven = new Set<AppId>();
  /** Entries whose person is not known, and that all grants of their app were told to look for. */
  readonly #strangers = new Set<string>();
  readonly #owesOwnLook = new Set<GrantId>();

  constructor(context: ServiceContext, parts: { apps: AppDirectory; connections: ConnectionDirectory }) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#list = new WholeAppList(context);
    this.#alarm = new Alarm(context, () => this.#lookAround());
  }

  /** Nobody waits for the first look: a provider that is slow keeps no node from starting. */
  start(): void {
    void this.#alarm.start();
  }

  async stop(): Promise<void> {
    await this.#alarm.stop();
    await this.#looking.drain();
  }

  /** Apps may have got other scopes, or may be used again. */
  touch(): void {
    this.#appsMayDiffer = true;
    this.#alarm.at(this.#context.time.wallMs());
  }

  /** The list of its app named somebody's connection that may be this grant's: its own token says so, when there is one. */
  owesOwnLook(grant: GrantId): boolean {
    return this.#owesOwnLook.has(grant);
  }

  lookedItself(grant: GrantId): void {
    this.#owesOwnLook.delete(grant);
  }

  /** Looks now; the grants of which the list says all there is to say. */
  look(app: AppId): Promise<ReadonlySet<GrantId>> {
    return this.#looking.run(app, () => this.#look(app));
  }

  async #lookAround(): Promise<number | null> {
    const { gate, limits, report, time } = this.#context;
    if (gate.hold !== null) return null;
    try {
      if (this.#appsMayDiffer) await this.#planApps();
      for (const [app, dueAtMs] of this.#dueAtMs) {
        if (this.#alarm.isStopped) return null;
        if (dueAtMs > time.wallMs()) continue;
        this.#dueAtMs.set(app, time.wallMs() + limits.healthIntervalMs);
        await this.look(app).catch((error: unknown) => report({ what: "health", subject: app, error }));
      }
    } catch (error) {
      report({ what: "health", subject: "apps", error });
      return time.wallMs() + limits.retryFirstMs;
    }
    return this.#dueAtMs.size === 0 ? null : Math.min(...this.#dueAtMs.values());
  }

  async #planApps(): Promise<void> {
    this.#appsMayDiffer = false;
    try {
      const { providers, store, time } = this.#context;
      const before = new Map(this.#dueAtMs);
      this.#dueAtMs.clear();
      for (const stored of await store.apps.list()) {
        const provider = providers.get(stored.provider);
        if (provider !== undefined && wholeAppScope({ stored, provider }) !== null)
          this.#dueAtMs.set(stored.id, before.get(stored.id) ?? time.wallMs());
      }
    } catch (error) {
      this.#appsMayDiffer = true;
      throw error;
    }
  }

  async #look(id: AppId): Promise<ReadonlySet<GrantId>> {
    const looked = new Set<GrantId>();
    const app = await this.#apps.get(id);
    if (wholeAppScope(app) === null) return looked;
    // Read before the list is: whatever is connected while the list is on its way is not in it, and is not judged by it.
    const before = (await this.#context.store.connections.list()).filter((connection) => connection.app === id);
    if (!before.some(({ tenants }) => tenants.length > 0)) return looked;
    const links = await this.#list.links(app);
    if (links === null) return looked;
    const { reached, strangers, namesOurs } = sortOut(before, links);
    if (namesOurs) this.#proven.add(id);
    if (!this.#proven.has(id)) return looked;
    this.#meet(strangers, reached.keys());
    for (const [grant, listed] of reached)
      if (listed !== null && (await this.#isLiving(grant))) {
        await this.#apply(
          before.filter((connection) => connection.grant === grant),
          listed,
        );
        looked.add(grant);
      }
    return looked;
  }

  #meet(strangers: readonly Tenant[], grants: Iterable<GrantId>): void {
    const isNew = strangers.filter(({ connectionId }) => !this.#strangers.has(connectionId));
    if (isNew.length === 0) return;
    for (const { connectionId } of isNew) this.#strangers.add(connectionId);
    for (const grant of grants) this.#owesOwnLook.add(grant);
  }

  async #isLiving(grant: GrantId): Promise<boolean> {
    return (await this.#context.store.grants.load(grant))?.state.kind === "live";
  }

  async #apply(connections: readonly StoredConnection[], listed: readonly Tenant[]): Promise<void> {
    const { store, limits, time } = this.#context;
    const atMs = time.wallMs();
    const ofGrant = connections.flatMap(({ tenants }) => tenants.map(({ id }) => id));
    for (const known of connections) {
      let isChanged = false;
      await store.connections.change(known.id, (connection) => {
        isChanged = false;
        if (connection.grant !== known.grant || JSON.stringify(connection.tenants) !== JSON.stringify(known.tenants))
          return null;
        const after = afterLook(connection, { listed, ofGrant, atMs });
        // Where several nodes look, the first writes that it did.
        const isRecent = atMs - (connection.healthCheckedAtMs ?? 0) < limits.healthIntervalMs / 2;
        if (isRecent && after.records.audit.length === 0) return null;
        isChanged = true;
        return after;
      });
      if (isChanged) await this.#connections.refresh(known.id);
    }
  }
}
