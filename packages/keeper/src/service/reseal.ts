import type { KeyCustody } from "../ports/key-custody.ts";
import { KEY_OWNERS, type KeyOwner, type WrappedRow } from "../ports/wrapped-key-store.ts";
import type { ServiceContext } from "./service-context.ts";
import { persistently } from "./waiting.ts";

const STEP = 100;

/**
 * Wraps every data key, and the key-check value, anew by the primary: a bounded step at a time, each by compare-and-set, so that it may run
 * beside refreshes and other nodes, be cut off anywhere and begin again. What is sealed by the data keys stays as it is.
 */
export class Reseal {
  readonly #context: ServiceContext;
  #running: Promise<void> | null = null;
  #stopped = false;
  #done = 0;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  get progress(): { readonly running: boolean; readonly done: number } {
    return { running: this.#running !== null, done: this.#done };
  }

  /** Begins unless it runs. */
  begin(): void {
    const { custody, activity, report } = this.#context;
    if (custody === null || this.#running !== null || this.#stopped) return;
    this.#done = 0;
    this.#running = activity
      .during(() => this.#run(custody))
      .catch((error: unknown) => report({ what: "reseal", subject: "keys", error }))
      .finally(() => {
        this.#running = null;
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(custody: KeyCustody): Promise<void> {
    await this.#keyCheck(custody);
    for (const kind of KEY_OWNERS) await this.#all(custody, kind);
  }

  async #keyCheck(custody: KeyCustody): Promise<void> {
    const { store } = this.#context;
    const known = await store.deployment.read();
    const { primary } = await custody.held();
    if (known === undefined || custody.keyIdOf(known.keyCheck) === primary) return;
    await store.deployment.replaceKeyCheck(known.keyCheck, custody.rewrapKeyCheck(known.keyCheck));
  }

  async #all(custody: KeyCustody, kind: KeyOwner): Promise<void> {
    const { wrappedKeys } = this.#context.store;
    for (let after: string | null = null; !this.#stopped; ) {
      const { primary } = await custody.held();
      const page = { after, limit: STEP };
      const rows: readonly WrappedRow[] = await persistently(this.#context, () =>
        wrappedKeys.notWrappedBy(primary, kind, page),
      );
      for (const row of rows) {
        const fresh = custody.rewrap(row.owner, row.dataKey);
        if (await persistently(this.#context, () => wrappedKeys.replace(kind, row, fresh))) this.#done += 1;
      }
      if (rows.length < STEP) return;
      after = rows.at(-1)?.owner ?? null;
    }
  }
}
