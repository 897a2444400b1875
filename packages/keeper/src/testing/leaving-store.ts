import { EvergrantError } from "@evergrant/core";
import type { Store } from "../ports/store.ts";

type PortName = Exclude<keyof Store, "close">;

/** A store that can be away: every call of these ports is refused then. */
export function leaving(store: Store, names: readonly PortName[], away: { readonly now: boolean }): Store {
  return { ...store, ...Object.fromEntries(names.map((name) => [name, guarded(store[name], away)])) };
}

function guarded<Port extends object>(port: Port, away: { readonly now: boolean }): Port {
  return new Proxy(port, {
    get: (target, name, receiver) => {
      if (away.now) return () => Promise.reject(new EvergrantError("store_unavailable"));
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}
