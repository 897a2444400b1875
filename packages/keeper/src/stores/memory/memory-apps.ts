import type { AppStore } from "../../ports/app-store.ts";
import { storable, storableText } from "../storable.ts";
import { byAge, comesAfter, type MemoryState } from "./memory-state.ts";

/** Our OAuth clients at providers. */
export function memoryApps(state: MemoryState): AppStore {
  const named = (name: string) => [...state.apps.values()].find((app) => app.name === name);
  return {
    list: () => state.run(() => byAge(state.apps)),
    page: (after, limit) => state.run(() => byAge(state.apps).filter(comesAfter(after)).slice(0, limit)),
    find: (id) => state.run(() => state.apps.get(id)),
    findByName: (name) => state.run(() => named(storableText(name))),
    create: (given, records) =>
      state.run(() => {
        const app = storable(given);
        if (named(app.name) !== undefined) return "name-taken";
        state.record(records);
        state.apps.set(app.id, app);
        return "created";
      }),
    replaceScopes: (id, scopes, records) =>
      state.run(() => {
        const app = state.apps.get(id);
        if (app === undefined) return "unknown";
        state.record(records);
        state.apps.set(id, storable({ ...app, scopes }));
        state.epoch += 1;
        return "done";
      }),
    learnOldAccessToken: (id, oldAccessToken, records) =>
      state.run(() => {
        const app = state.apps.get(id);
        if (app === undefined) return "unknown";
        if (app.oldAccessToken !== undefined) return "known";
        state.record(records);
        state.apps.set(id, { ...app, oldAccessToken });
        state.epoch += 1;
        return "done";
      }),
    replaceSecrets: (id, clientSecrets, records) =>
      state.run(() => {
        const app = state.apps.get(id);
        if (app === undefined) return "unknown";
        state.record(records);
        state.apps.set(id, { ...app, clientSecrets });
        state.epoch += 1;
        return "done";
      }),
  };
}
