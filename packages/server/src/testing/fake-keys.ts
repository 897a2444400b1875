import { EvergrantError } from "@evergrant/core";
import type { Keys, KeysView } from "@evergrant/keeper";

/** A ring with nothing in it. */
export class FakeKeys implements Keys {
  /** What was asked for, and by whom. */
  readonly asked: { readonly what: string; readonly by: string }[] = [];
  readonly #step: () => void;

  constructor(step: () => void) {
    this.#step = step;
  }

  async list(): Promise<KeysView> {
    this.#step();
    return { keys: [], reseal: { running: false, left: 0, done: 0 } };
  }

  async rotate(_to: string | null, by: string): Promise<KeysView> {
    this.asked.push({ what: "rotate", by });
    return await this.list();
  }

  async retire(_id: string, by: string): Promise<KeysView> {
    this.#step();
    this.asked.push({ what: "retire", by });
    throw new EvergrantError("key_unknown");
  }
}
