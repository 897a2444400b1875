import type pg from "pg";
import type { Time, Timer } from "../../ports/time.ts";
import { HINT_CHANNEL } from "./postgres-facts.ts";
import type { PostgresPrimary } from "./postgres-primary.ts";

const AGAIN_AFTER_MS = 5_000;

/**
 * Listens on a connection of its own for what other nodes changed. Nothing may depend on it: behind a pooler, and whenever the
 * connection is away, nothing is heard.
 */
export class PostgresHints {
  readonly #primary: PostgresPrimary;
  readonly #time: Time;
  readonly #listeners = new Set<() => void>();
  #client: pg.Client | null = null;
  #again: Timer | null = null;
  #opening: Promise<void> | null = null;
  #closed = false;

  constructor(primary: PostgresPrimary, time: Time) {
    this.#primary = primary;
    this.#time = time;
  }

  /** Calls `listener` soon after a change of another node, and of this one; the answer ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#open();
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    await this.#opening;
    await this.#client?.end().catch(() => undefined);
  }

  #open(): void {
    if (this.#closed || this.#client !== null || this.#opening !== null || this.#again !== null) return;
    this.#opening = this.#listen()
      .catch(() => this.#openAgain())
      .finally(() => {
        this.#opening = null;
      });
  }

  async #listen(): Promise<void> {
    const client = await this.#primary.dedicated();
    client.on("notification", () => this.#tell());
    client.on("end", () => {
      if (this.#client === client) this.#client = null;
      this.#openAgain();
    });
    try {
      await client.query(`listen ${HINT_CHANNEL}`);
      this.#client = client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    // What was told while nobody listened.
    this.#tell();
  }

  #openAgain(): void {
    if (this.#closed || this.#again !== null) return;
    this.#again = this.#time.setTimer(AGAIN_AFTER_MS, () => {
      this.#again = null;
      this.#open();
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
