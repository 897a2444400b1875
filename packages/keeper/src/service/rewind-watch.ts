import type { AuditMark } from "../ports/audit-store.ts";
import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Notices that a shared store may have gone back in time: it was away, another server became the primary, or a record of this node's own
 * audit chain is no longer there. Then the journal is held against it.
 * Between times, what time it says, whether it is still the store that was met, and what others found out about it.
 */
export class RewindWatch {
  readonly #context: ServiceContext;
  readonly #reconcile: () => Promise<void>;
  readonly #lookAround: () => Promise<void>;
  #mark: AuditMark | null = null;
  #wasAway = false;
  #timer: Timer | null = null;
  #stopped = false;
  #endSignals: () => unknown = () => undefined;

  constructor(context: ServiceContext, parts: { reconcile: () => Promise<void>; look: () => Promise<void> }) {
    this.#context = context;
    this.#reconcile = parts.reconcile;
    this.#lookAround = parts.look;
  }

  start(): void {
    const { shared } = this.#context;
    if (shared === null) return;
    this.#endSignals = shared.onNewPrimary(() => {
      this.#wasAway = true;
    });
    this.#again(shared.pace);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#endSignals();
  }

  #again(pace: { setTimer(delayMs: number, fire: () => void): Timer }): void {
    if (this.#stopped) return;
    const { limits, report } = this.#context;
    this.#timer = pace.setTimer(limits.authzMaxStaleMs / 2, () => {
      this.#look()
        .catch((error: unknown) => {
          this.#wasAway = true;
          report({ what: "rewind", subject: "store", error });
        })
        .finally(() => this.#again(pace));
    });
  }

  async #look(): Promise<void> {
    const { audit } = this.#context.store;
    await this.#context.clock.look();
    const wentBack = this.#mark !== null && !(await audit.holds(this.#mark));
    if (this.#wasAway || wentBack) {
      this.#wasAway = false;
      await this.#context.activity.during(this.#reconcile);
    }
    await this.#lookAround();
    this.#mark = await audit.end();
  }
}
