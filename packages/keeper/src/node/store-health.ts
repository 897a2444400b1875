import type { AuditStore } from "../ports/audit-store.ts";
import type { GrantStore } from "../ports/grant-store.ts";
import type { Store } from "../ports/store.ts";

/**
 * Remembers whether the last write of a grant could be promised: what readiness reports. A disk that is full, or a database that is away,
 * starts no refresh; reading may go on for as long as it likes. Once the store answers again a record of that is the proof that it
 * takes writes: the next grant may be due in days.
 */
export class StoreHealth {
  readonly store: Store;
  readonly #audit: AuditStore;
  readonly #nowMs: () => number;
  writable = true;

  constructor(store: Store, nowMs: () => number) {
    this.store = { ...store, grants: this.#watched(store.grants) };
    this.#audit = store.audit;
    this.#nowMs = nowMs;
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
          ({ grants: claimed }) => claimed.length > 0,
        ),
    };
  }

  // What wrote nothing proves nothing.
  async #noting<T>(work: () => Promise<T>, wrote: (done: T) => boolean): Promise<T> {
    try {
      const done = await work();
      if (!this.writable) await this.#prove(wrote(done));
      return done;
    } catch (error) {
      this.writable = false;
      throw error;
    }
  }

  async #prove(hasWritten: boolean): Promise<void> {
    const subject = { kind: "deployment", id: "store" } as const;
    const record = { event: "store-writable", subject, atMs: this.#nowMs(), by: "keeper", facts: {} };
    if (!hasWritten) await this.#audit.write({ audit: [record], notices: [] });
    this.writable = true;
  }
}
