import type { NodeId } from "@evergrant/core";
import type { JournalMark } from "../../ports/node-store.ts";
import type { Store } from "../../ports/store.ts";
import type { Time } from "../../ports/time.ts";
import { memoryApps } from "./memory-apps.ts";
import { memoryAssertions } from "./memory-assertions.ts";
import { memoryAudit } from "./memory-audit.ts";
import { memoryCallers } from "./memory-callers.ts";
import { memoryConnections } from "./memory-connections.ts";
import { memoryConsents } from "./memory-consents.ts";
import { memoryDeployment, memoryNodes } from "./memory-deployment.ts";
import { memoryGrants } from "./memory-grants.ts";
import { memoryNotices } from "./memory-notices.ts";
import { memoryIdempotency, memoryOperators, memorySessions } from "./memory-operators.ts";
import { MemoryState } from "./memory-state.ts";
import { type MemorySnapshot, MemoryTables } from "./memory-tables.ts";
import { memoryWrappedKeys } from "./memory-wrapped-keys.ts";

/** One database in memory: a store for each node, and what only its owner may do: look back, and go back. */
export interface MemoryDatabase {
  /** `mark` is asked with every record; left out, nobody holds a journal against the store. */
  storeOf(node: NodeId, mark?: () => JournalMark): Store;
  snapshot(): MemorySnapshot;
  restore(snapshot: MemorySnapshot): void;
}

/** A store that lasts as long as its process, for tests and simulations. Leases are counted in `time`'s wall clock. */
export function memoryStore(options: {
  readonly time: Time;
  readonly node: NodeId;
  readonly mark?: () => JournalMark;
}): Store {
  return memoryDatabase(options).storeOf(options.node, options.mark);
}

/** The same for any number of nodes, together with copies of it: for fail-overs and backups that come back. */
export function memoryDatabase({ time }: { readonly time: Time }): MemoryDatabase {
  const tables = new MemoryTables();
  return {
    storeOf: (node, mark) => storeOver(new MemoryState(node, tables, mark), time),
    snapshot: () => tables.snapshot(),
    restore: (snapshot) => tables.restore(snapshot),
  };
}

function storeOver(state: MemoryState, time: Time): Store {
  return {
    grants: memoryGrants(state, time),
    apps: memoryApps(state),
    connections: memoryConnections(state),
    consents: memoryConsents(state),
    callers: memoryCallers(state),
    assertions: memoryAssertions(state),
    audit: memoryAudit(state),
    deployment: memoryDeployment(state),
    nodes: memoryNodes(state),
    operators: memoryOperators(state),
    sessions: memorySessions(state),
    idempotency: memoryIdempotency(state),
    notices: memoryNotices(state),
    wrappedKeys: memoryWrappedKeys(state),
    close: async () => state.close(),
  };
}
