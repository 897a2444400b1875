import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Notices that a shared store may have gone back in time: it was away (a fail-over is why), or this node's own audit chain is
 * shorter than it was. Then the journal is held against it.
 */
export class RewindWatch {
  readonly #context: ServiceContext;
  readonly #reconcile: () => Promise<void>;
  #highest = 0;
  #wasAway = false;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(context: ServiceContext, reconcile: () => Promise<void>) {
    this.#context = context;
    this.#reconcile = reconcile;
  }

  start(): void {
    const { shared, limits, report } = this.#context;
    if (shared === null || this.#stopped) return;
    this.#timer = shared.pace.setTimer(limits.authzMaxStaleMs / 2, () => {
      this.#look()
        .catch((error: unknown) => {
          this.#wasAway = true;
          report({ what: "rewind", subject: "store", error });
        })
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const end = await this.#context.store.audit.end();
    if (this.#wasAway || end < this.#highest) await this.#context.activity.during(this.#reconcile);
    this.#wasAway = false;
    this.#highest = Math.max(end, await this.#context.store.audit.end());
  }
}
