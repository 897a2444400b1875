import vm from "node:vm";
import { machine } from "../real-time.ts";

/** Makes `Date` tell the sandbox's time, here and in every context that is made later (as test runners do). */
export function replaceDate(nowMs: () => number): void {
  globalThis.Date = movedDate(machine.Date, nowMs);
  const createContext = vm.createContext;
  vm.createContext = ((...args: Parameters<typeof createContext>) => {
    const context = createContext(...args);
    const realm = vm.runInContext("globalThis", context) as typeof globalThis;
    realm.Date = movedDate(realm.Date, nowMs);
    return context;
  }) as typeof createContext;
}

function movedDate(real: DateConstructor, nowMs: () => number): DateConstructor {
  const moved: DateConstructor = new Proxy(real, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget) as object,
    apply: () => new moved(nowMs()).toString(),
    get: (target, name, receiver) => (name === "now" ? nowMs : Reflect.get(target, name, receiver)),
  });
  Object.defineProperty(real.prototype, "constructor", { value: moved, writable: true, configurable: true });
  return moved;
}
