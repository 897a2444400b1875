import { EvergrantError } from "@evergrant/core";
import type { Kysely, Transaction } from "kysely";
import type { SqlFacts } from "./sql-facts.ts";
import type { Tables } from "./tables.ts";

// A conflict needs another writer in the moment between read and write, which the row lock excludes, or a connection that had
// died unseen: five in a row is a fault.
const TRIES = 5;

/** Thrown inside `change` when a compare-and-set found another row than was read: the transaction is undone and run again. */
export class WriteConflict extends Error {
  override readonly name = "WriteConflict";
}

/** The one way to the database: runs reads and transactions and says `store_unavailable` where it does not answer. */
export class SqlSession {
  readonly facts: SqlFacts;
  readonly #db: Kysely<Tables>;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(db: Kysely<Tables>, facts: SqlFacts) {
    this.#db = db;
    this.facts = facts;
  }

  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#run(() => this.#repeat(() => work(this.#db)));
  }

  /** One transaction. `work` may run more than once and must use nothing but `trx`: the database itself would wait for it. */
  change<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run(() => this.#repeat(() => this.#db.transaction().execute(work)));
  }

  /** Waits for what runs; everything asked for later is refused. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#db.destroy());
    return this.#closing;
  }

  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const conflict = error instanceof WriteConflict;
        if (!conflict && !this.facts.mayGoBetter(error)) throw error;
        if (tries < TRIES) continue;
        if (!conflict) throw error;
        throw new EvergrantError("store_unavailable", { detail: "write conflict", cause: error });
      }
    }
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw new EvergrantError("store_unavailable", { detail: "the store is closed" });
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (this.facts.isUnavailable(error)) throw new EvergrantError("store_unavailable", { cause: error });
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }
}
