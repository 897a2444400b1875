import type { GrantStore } from "../ports/grant-store.ts";
import type { Store } from "../ports/store.ts";

/**
 * Remembers whether the last write of a grant could be promised: what readiness reports. A disk that is full, or a database that is away,
 * starts no refresh; reading may go on for as long as it likes.
 */
export class StoreHealth {
  readonly store: Store;
  writable = true;

  constructor(store: Store) {
    this.store = { ...store, grants: this.#watched(store.grants) };
  }

  #watched(grants: GrantStore): GrantStore {
    return {
      ...grants,
      change: (id, decide) => {
        let writes = false;
        const watched: typeof decide = (grant, storeNowMs) => {
          const decided = decide(grant, storeNowMs);
          writes = decided.change !== null;
          return decided;
        };
        return this.#noting(
          () => grants.change(id, watched),
          () => writes,
        );
      },
      claimDue: (beforeMs, limit, againAtMs) =>
        this.#noting(
          () => grants.claimDue(beforeMs, limit, againAtMs),
          (claimed) => claimed.length > 0,
        ),
    };
  }

  // What wrote nothing proves nothing.
  async #noting<T>(work: () => Promise<T>, wrote: (done: T) => boolean): Promise<T> {
    try {
      const done = await work();
      if (wrote(done)) this.writable = true;
      return done;
    } catch (error) {
      this.writable = false;
      throw error;
    }
  }
}
