import type { RefreshHealth } from "./keeper.ts";
import type { KeeperParts, ServiceFailure } from "./service-context.ts";

/**
 * Tells when this node cannot start refreshes, and when it can again. It looks when something failed and when something was
 * written, so it needs no clock of its own. While the store takes no writes it can tell nothing: then it does so afterwards,
 * unless that is over by then.
 */
export class NodeWatch {
  readonly #parts: KeeperParts;
  readonly #health: () => RefreshHealth;
  #told = false;
  #telling = false;

  constructor(parts: KeeperParts, health: () => RefreshHealth) {
    this.#parts = parts;
    this.#health = health;
  }

  report(failure: ServiceFailure): void {
    this.#parts.report(failure);
    this.look();
  }

  look(): void {
    const { refreshing, detail } = this.#health();
    if (refreshing !== this.#told || this.#telling) return;
    this.#telling = true;
    void this.#tell(!refreshing, detail).finally(() => {
      this.#telling = false;
    });
  }

  // Not through the reporting of failures: that would ask for a look at once, and again.
  async #tell(degraded: boolean, detail: string | null): Promise<void> {
    const { store, node, time, activity } = this.#parts;
    const subject = { kind: "node", id: node } as const;
    const atMs = time.wallMs();
    const event = degraded ? "node-degraded" : "node-recovered";
    const facts = { detail };
    const records = {
      audit: [{ event, subject, atMs, by: "keeper", facts }],
      notices: [{ notice: event, subject, atMs, facts } as const],
    };
    await activity
      .during(() => store.audit.write(records))
      .then(
        () => {
          this.#told = degraded;
          this.onTold();
        },
        () => undefined,
      );
  }

  /** Called when a notice was written. */
  onTold: () => void = () => undefined;
}
