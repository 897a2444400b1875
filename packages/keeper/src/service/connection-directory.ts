import type { AppId, ConnectionId, GrantId } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ServiceContext } from "./service-context.ts";

/** Connections in memory, by id and by name: what the hot path may ask without a database. */
export class ConnectionDirectory {
  readonly #context: ServiceContext;
  readonly #byId = new Map<ConnectionId, StoredConnection>();
  readonly #idByName = new Map<string, ConnectionId>();
  /** Counted when first asked for; asked at each look at a grant, and there may be very many. */
  readonly #grantsOf = new Map<AppId, number>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async load(): Promise<void> {
    const connections = await this.#context.store.connections.list();
    this.#byId.clear();
    this.#idByName.clear();
    this.#grantsOf.clear();
    for (const connection of connections) this.#remember(connection);
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

  /** Reads one connection anew after it was changed. */
  async refresh(id: ConnectionId): Promise<void> {
    const known = this.#byId.get(id);
    const stored = await this.#context.store.connections.find(id);
    if (known !== undefined) this.#idByName.delete(known.name);
    if (known?.grant !== stored?.grant) this.#grantsOf.clear();
    if (stored === undefined) this.#byId.delete(id);
    else this.#remember(stored);
  }

  #remember(connection: StoredConnection): void {
    this.#byId.set(connection.id, connection);
    this.#idByName.set(connection.name, connection.id);
  }
}
