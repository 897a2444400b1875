import { EvergrantError } from "@evergrant/core";
import type { CallerStore } from "../../ports/caller-store.ts";
import { storable } from "../storable.ts";
import { byAge, type MemoryState } from "./memory-state.ts";

/** Callers with their permissions. */
export function memoryCallers(state: MemoryState): CallerStore {
  const isTaken = (name: string) => [...state.callers.values()].some((caller) => caller.name === name);
  return {
    list: () => state.run(() => byAge(state.callers)),
    find: (id) => state.run(() => state.callers.get(id)),
    create: (given, records) =>
      state.run(() => {
        const caller = storable(given);
        if (isTaken(caller.name)) return "name-taken";
        state.record(records);
        state.callers.set(caller.id, caller);
        state.epoch += 1;
        return "created";
      }),
    change: (id, decide) =>
      state.run(() => {
        const caller = state.callers.get(id);
        if (caller === undefined) return false;
        const decided = decide(caller);
        if (decided === null) return true;
        const after = storable(decided.caller);
        const { name } = after;
        if (name !== caller.name && isTaken(name)) throw new EvergrantError("name_taken");
        state.record(decided.records);
        state.callers.set(id, { ...after, id });
        state.epoch += 1;
        return true;
      }),
    noteUses: (uses) =>
      state.run(() => {
        for (const use of uses) {
          const key = `${use.caller} ${use.credential}`;
          if ((state.callerUses.get(key)?.atMs ?? -1) < use.atMs) state.callerUses.set(key, use);
        }
      }),
    uses: () => state.run(() => [...state.callerUses.values()]),
    epoch: () => state.run(() => state.epoch),
  };
}
