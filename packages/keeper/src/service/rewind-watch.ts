import type { AuditMark } from "../ports/audit-store.ts";
import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Notices that a shared store may have gone back in time: it was away (a fail-over is why), or a record of this node's own
 * audit chain is no longer there. Then the journal is held against it.
 */
export class RewindWatch {
  readonly #context: ServiceContext;
  readonly #reconcile: () => Promise<void>;
  #mark: AuditMark | null = null;
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
    const { audit } = this.#context.store;
    const wentBack = this.#mark !== null && !(await audit.holds(this.#mark));
    if (this.#wasAway || wentBack) await this.#context.activity.during(this.#reconcile);
    this.#wasAway = false;
    this.#mark = await audit.end();
  }
}
