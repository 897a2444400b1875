import { type CallerId, type ConnectionId, covers, includesTenant } from "@evergrant/core";
import type { Right, StoredCaller } from "../ports/caller-store.ts";
import type { CallerPrincipal } from "./access.ts";
import type { ServiceContext } from "./service-context.ts";

/** Callers in memory: who they are, and what they may, without a database on the way. */
export class CallerDirectory {
  readonly #context: Pick<ServiceContext, "store">;
  readonly #callers = new Map<string, StoredCaller>();

  constructor(context: Pick<ServiceContext, "store">) {
    this.#context = context;
  }

  async load(): Promise<void> {
    const callers = await this.#context.store.callers.list();
    this.#callers.clear();
    for (const caller of callers) this.#callers.set(caller.id, caller);
  }

  get(id: string): StoredCaller | undefined {
    return this.#callers.get(id);
  }

  put(caller: StoredCaller): void {
    this.#callers.set(caller.id, caller);
  }

  all(): readonly StoredCaller[] {
    return [...this.#callers.values()];
  }

  // Asked at each use, not remembered: a permission taken away counts from the next request on, and so does a disabled caller.
  principal({ id, name }: Pick<StoredCaller, "id" | "name">): CallerPrincipal {
    const held = (right: Right, connection: ConnectionId) => this.#held(id, right, connection);
    return {
      id,
      name,
      may: (right, connection) => held(right, connection).length > 0,
      mayCall: (connection, call) =>
        held("gateway", connection).some(({ only }) => only === undefined || covers(only, call)),
      reached: (connection, tenants) =>
        tenants.filter((tenant) =>
          held("gateway", connection).some(({ only }) => only?.tenants == null || includesTenant(only.tenants, tenant)),
        ),
    };
  }

  #held(id: CallerId, right: Right, connection: ConnectionId): StoredCaller["permissions"] {
    const caller = this.#callers.get(id);
    if (caller === undefined || caller.disabledAtMs !== null) return [];
    return caller.permissions.filter((known) => known.right === right && known.connection === connection);
  }
}
