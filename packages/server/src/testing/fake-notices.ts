import { EvergrantError, type RecipientId, Secret } from "@evergrant/core";
import type { DeliveryStatus, DeliveryView, NewRecipient, Notices, PageAsk, RecipientView } from "@evergrant/keeper";
import { fakePage } from "./fake-pages.ts";

/** Recipients in memory; nobody is ever told anything. */
export class FakeNotices implements Notices {
  /** What was told, newest first. */
  readonly told: DeliveryView[] = [];
  readonly #recipients = new Map<RecipientId, RecipientView>();

  recipients = async (): Promise<readonly RecipientView[]> => [...this.#recipients.values()];

  async addRecipient({ channel, address, connection, only }: NewRecipient) {
    if ([...this.#recipients.values()].some((known) => known.address === address))
      throw new EvergrantError("recipient_exists");
    const id = `rc_${this.#recipients.size + 1}` as RecipientId;
    const secret = channel === "webhook" ? new Secret("whsec_fake") : null;
    const recipient = { id, channel, address, connection, only, secrets: [], disabledAtMs: null, createdAtMs: 1 };
    this.#recipients.set(id, recipient);
    return { recipient, secret };
  }

  async addSecret(id: RecipientId) {
    this.#named(id);
    return { secret: new Secret("whsec_second") };
  }

  async setDisabled(id: RecipientId, disabled: boolean): Promise<RecipientView> {
    const changed = { ...this.#named(id), disabledAtMs: disabled ? 2 : null };
    this.#recipients.set(id, changed);
    return changed;
  }

  async removeRecipient(id: RecipientId): Promise<void> {
    this.#named(id);
    this.#recipients.delete(id);
  }

  deliveries = async (status: DeliveryStatus | null, from: PageAsk) =>
    fakePage(
      this.told.filter((delivery) => status === null || delivery.status === status),
      from,
    );
  replay = async (which: readonly number[] | "dead"): Promise<number> => (which === "dead" ? 0 : which.length);
  counts = async () => ({ undistributed: 0, waiting: 0, dead: 0, oldestWaitingSinceMs: null });

  #named(id: RecipientId): RecipientView {
    const known = this.#recipients.get(id);
    if (known === undefined) throw new EvergrantError("recipient_unknown");
    return known;
  }
}
