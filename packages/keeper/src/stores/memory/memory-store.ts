import type { NodeId } from "@evergrant/core";
import type { Store } from "../../ports/store.ts";
import type { Time } from "../../ports/time.ts";
import { memoryApps } from "./memory-apps.ts";
import { memoryAudit } from "./memory-audit.ts";
import { memoryCallers } from "./memory-callers.ts";
import { memoryConnections } from "./memory-connections.ts";
import { memoryConsents } from "./memory-consents.ts";
import { memoryGrants } from "./memory-grants.ts";
import { type MemorySnapshot, MemoryState } from "./memory-state.ts";

/** A memory store with what only its owner may do: look back, and go back. */
export interface MemoryDatabase {
  readonly store: Store;
  snapshot(): MemorySnapshot;
  restore(snapshot: MemorySnapshot): void;
}

/** A store that lasts as long as its process, for tests and simulations. Leases are counted in `time`'s wall clock. */
export function memoryStore(options: { readonly time: Time; readonly node: NodeId }): Store {
  return memoryDatabase(options).store;
}

/** The same store together with copies of it: for fail-overs and backups that come back. */
export function memoryDatabase(options: { readonly time: Time; readonly node: NodeId }): MemoryDatabase {
  const state = new MemoryState(options.node);
  const store: Store = {
    grants: memoryGrants(state, options.time),
    apps: memoryApps(state),
    connections: memoryConnections(state),
    consents: memoryConsents(state),
    callers: memoryCallers(state),
    audit: memoryAudit(state),
    deployment: {
      read: () => state.run(() => state.deployment),
      create: (deployment) =>
        state.run(() => {
          state.deployment ??= deployment;
          return state.deployment;
        }),
    },
    close: async () => state.close(),
  };
  return { store, snapshot: () => state.snapshot(), restore: (snapshot) => state.restore(snapshot) };
}
