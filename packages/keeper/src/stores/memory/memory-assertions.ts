import type { AssertionStore } from "../../ports/assertion-store.ts";
import type { MemoryState } from "./memory-state.ts";

export function memoryAssertions(state: MemoryState): AssertionStore {
  return {
    claim: (digest, expiresAtMs) =>
      state.run(() => {
        if (state.assertions.has(digest)) return "taken";
        state.assertions.set(digest, expiresAtMs);
        return "claimed";
      }),
    forget: (beforeMs) =>
      state.run(() => {
        for (const [digest, expiresAtMs] of state.assertions)
          if (expiresAtMs < beforeMs) state.assertions.delete(digest);
      }),
  };
}
