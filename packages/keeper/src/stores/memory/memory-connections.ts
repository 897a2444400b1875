import { type ConnectionId, EvergrantError } from "@evergrant/core";
import type { ConnectionStore, StoredConnection } from "../../ports/connection-store.ts";
import { isOnlyLookedAt } from "../only-looked-at.ts";
import { storable, storableText } from "../storable.ts";
import { byAge, comesAfter, type MemoryState } from "./memory-state.ts";

/** Connections; a removal takes its permissions along. */
export function memoryConnections(state: MemoryState): ConnectionStore {
  const named = (name: string) => [...state.connections.values()].find((connection) => connection.name === name);
  return {
    list: () => state.run(() => byAge(state.connections)),
    page: (after, limit) => state.run(() => byAge(state.connections).filter(comesAfter(after)).slice(0, limit)),
    find: (id) => state.run(() => state.connections.get(id)),
    findByName: (name) => state.run(() => named(storableText(name))),
    ofGrant: (grant) =>
      state.run(() => {
        const its = new Map<ConnectionId, StoredConnection>();
        for (const id of state.onGrant(grant)) {
          const connection = state.connections.get(id);
          if (connection?.grant === grant) its.set(id, connection);
        }
        return byAge(its);
      }),
    create: (given, records) =>
      state.run(() => {
        const connection = storable(given);
        if (named(connection.name) !== undefined) return "name-taken";
        state.record(records);
        state.putConnection(connection);
        state.epoch += 1;
        return "created";
      }),
    change: (id, decide) =>
      state.run(() => {
        const connection = state.connections.get(id);
        if (connection === undefined) return false;
        const decided = decide(connection);
        if (decided === null) return true;
        const after = storable(decided.connection);
        const { name } = after;
        if (name !== connection.name && named(name) !== undefined) throw new EvergrantError("name_taken");
        state.record(decided.records);
        state.putConnection({ ...after, id });
        if (!isOnlyLookedAt(connection, after)) state.epoch += 1;
        return true;
      }),
    remove: (id, records) =>
      state.run(() => {
        if (!state.connections.has(id)) return false;
        state.record(records);
        state.connections.delete(id);
        for (const caller of state.callers.values()) {
          const permissions = caller.permissions.filter(({ connection }) => connection !== id);
          state.callers.set(caller.id, { ...caller, permissions });
        }
        state.epoch += 1;
        return true;
      }),
  };
}
