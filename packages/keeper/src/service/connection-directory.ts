import type { AppId, ConnectionId, GrantId, WarmHours } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ServiceContext } from "./service-context.ts";

/** Connections in memory, by id and by name: what the hot path may ask without a database. */
export class ConnectionDirectory {
  readonly #context: ServiceContext;
  readonly #byId = new Map<ConnectionId, StoredConnection>();
  readonly #idByName = new Map<string, ConnectionId>();
  /** Counted when first asked for; asked at each look at a grant, and there may be very many. */
  readonly #grantsOf = new Map<AppId, number>();
  readonly #warm = new Map<GrantId, Map<ConnectionId, WarmHours>>();
  /** The schedule of a grant was made for other warm hours than it has now. */
  readonly #onWarmChanged: (grant: GrantId) => void;
  #isLoaded = false;

  constructor(context: ServiceContext, onWarmChanged: (grant: GrantId) => void) {
    this.#context = context;
    this.#onWarmChanged = onWarmChanged;
  }

  async load(): Promise<void> {
    const connections = await this.#context.store.connections.list();
    const before = this.#withWarmHours();
    this.#byId.clear();
    this.#idByName.clear();
    this.#grantsOf.clear();
    this.#warm.clear();
    for (const connection of connections) this.#remember(connection);
    const after = this.#withWarmHours();
    if (this.#isLoaded)
      for (const id of new Set([...before.keys(), ...after.keys()])) this.#tellWarm(before.get(id), after.get(id));
    this.#isLoaded = true;
  }

  get(id: ConnectionId): StoredConnection | undefined {
    return this.#byId.get(id);
  }

  idOf(name: string): ConnectionId | undefined {
    return this.#idByName.get(name);
  }

  /** How many grants of one app connections stand on. */
  grantsOf(app: AppId): number {
    const known = this.#grantsOf.get(app);
    if (known !== undefined) return known;
    const grants = new Set<GrantId>();
    for (const connection of this.#byId.values())
      if (connection.app === app && connection.grant !== null) grants.add(connection.grant);
    this.#grantsOf.set(app, grants.size);
    return grants.size;
  }

  /** The connections of which tokens may be handed out, with their grants. */
  usable(): readonly { readonly app: AppId; readonly grant: GrantId }[] {
    return [...this.#byId.values()].flatMap((connection) => {
      const grant = usableGrant(connection);
      return grant === null ? [] : [{ app: connection.app, grant }];
    });
  }

  /** Reads one connection anew after it was changed. */
  async refresh(id: ConnectionId): Promise<void> {
    const known = this.#byId.get(id);
    const stored = await this.#context.store.connections.find(id);
    if (known !== undefined) this.#idByName.delete(known.name);
    if (known !== undefined && known.grant !== null) this.#warm.get(known.grant)?.delete(id);
    if (known?.grant !== stored?.grant) this.#grantsOf.clear();
    if (stored === undefined) this.#byId.delete(id);
    else this.#remember(stored);
    this.#tellWarm(known, stored);
  }

  /** The warm hours of all connections that stand on a grant and may be used. */
  warmOf(grant: GrantId): readonly WarmHours[] {
    return [...(this.#warm.get(grant)?.values() ?? [])];
  }

  // Few of very many: nothing else has to be compared when all are read anew.
  #withWarmHours(): ReadonlyMap<ConnectionId, StoredConnection> {
    const warm = new Map<ConnectionId, StoredConnection>();
    for (const connection of this.#byId.values())
      if (connection.warm !== undefined) warm.set(connection.id, connection);
    return warm;
  }

  #tellWarm(before: StoredConnection | undefined, after: StoredConnection | undefined): void {
    const [old, now] = [warmthOf(before), warmthOf(after)];
    if (old?.grant === now?.grant && JSON.stringify(old?.hours) === JSON.stringify(now?.hours)) return;
    for (const grant of new Set([old?.grant, now?.grant])) if (grant !== undefined) this.#onWarmChanged(grant);
  }

  #remember(connection: StoredConnection): void {
    this.#byId.set(connection.id, connection);
    this.#idByName.set(connection.name, connection.id);
    const warmth = warmthOf(connection);
    if (warmth === null) return;
    const its = this.#warm.get(warmth.grant) ?? new Map<ConnectionId, WarmHours>();
    this.#warm.set(warmth.grant, its.set(connection.id, warmth.hours));
  }
}

function warmthOf(connection: StoredConnection | undefined): { grant: GrantId; hours: WarmHours } | null {
  if (connection?.warm === undefined) return null;
  const grant = usableGrant(connection);
  return grant === null ? null : { grant, hours: connection.warm };
}

// Nobody is handed a token of a connection that is disabled, or whose organisations are gone.
function usableGrant({ grant, disabledAtMs, tenants }: StoredConnection): GrantId | null {
  const isGone = tenants.length > 0 && tenants.every(({ status }) => status === "gone");
  return disabledAtMs !== null || isGone ? null : grant;
}
