import { EvergrantError, type QuarantineReason } from "@evergrant/core";

/** Why nothing is spent: the store may be restored or copied. */
export interface Hold {
  readonly because: readonly QuarantineReason[];
  readonly sinceMs: number;
  /** The incarnation of the store that was met. */
  readonly incarnation: number;
  /** An operator has spoken; what the journals hold is being put into the store. */
  readonly merging: boolean;
}

/** Whether this node may spend: everything that sends a refresh token, a code or a revocation asks here. */
export class SpendingGate {
  readonly #retryAfterMs: number;
  #hold: Hold | null = null;
  /** The store has gone back, and what the journal holds is being put in: whatever is begun meanwhile would not be sent. */
  isMending = false;
  /** Looks at the store; null: it is still the one that was known. */
  look: () => Promise<string | null> = async () => null;

  constructor(retryAfterMs: number) {
    this.#retryAfterMs = retryAfterMs;
  }

  get hold(): Hold | null {
    return this.#hold;
  }

  shut(hold: Hold): void {
    this.#hold = hold;
  }

  open(): void {
    this.#hold = null;
  }

  /** @throws store_quarantined */
  requireOpen(): void {
    if (this.#hold !== null) throw new EvergrantError("store_quarantined", { retryAfterMs: this.#retryAfterMs });
  }

  /** Asked right before a request leaves, whose intent is in the store: a store that was exchanged since is seen here. */
  async whyNotSpend(): Promise<string | null> {
    if (this.#hold !== null) return "the database is in quarantine";
    try {
      return await this.look();
    } catch {
      return "the database does not answer";
    }
  }
}
