import type { Limits } from "@evergrant/core";
import type { Time } from "../ports/time.ts";
import type { UsableKey } from "./public-keys.ts";

export type KeysFound =
  | { readonly kind: "found"; readonly keys: readonly UsableKey[] }
  | { readonly kind: "none"; readonly reason: string };

type KeptKeysLimits = Pick<Limits, "keysFreshMs" | "keysKeptMs" | "keysAskedMs">;

const MOST_PLACES = 500;

/**
 * Keys by the place they come from. Asked anew when they are no longer fresh, and for a key that is not among them; but whatever
 * anybody names, a place is asked once in an interval, by one request. While it does not answer, what it said last goes on to count for a time.
 */
export class KeptKeys {
  readonly #time: Pick<Time, "monotonicMs">;
  readonly #limits: KeptKeysLimits;
  readonly #places = new Map<string, Place>();

  constructor(time: Pick<Time, "monotonicMs">, limits: KeptKeysLimits) {
    this.#time = time;
    this.#limits = limits;
  }

  /** The keys of a place; `load` asks it. `isThere`: whether what is wanted is among them. */
  async find(
    name: string,
    load: () => Promise<readonly UsableKey[]>,
    isThere: (keys: readonly UsableKey[]) => boolean,
  ): Promise<KeysFound> {
    const place = this.#place(name);
    const isFresh = place.keys !== null && this.#ageMs(place.keptAtMs) < this.#limits.keysFreshMs;
    if (!isFresh || !isThere(place.keys ?? [])) await this.#ask(place, load);
    if (place.keys !== null && this.#ageMs(place.keptAtMs) < this.#limits.keysKeptMs)
      return { kind: "found", keys: place.keys };
    return { kind: "none", reason: place.reason };
  }

  async #ask(place: Place, load: () => Promise<readonly UsableKey[]>): Promise<void> {
    if (place.asking !== null) return await place.asking;
    if (place.askedAtMs !== null && this.#ageMs(place.askedAtMs) < this.#limits.keysAskedMs) return;
    place.askedAtMs = this.#time.monotonicMs();
    place.asking = load()
      .then((keys) => {
        place.keys = keys;
        place.keptAtMs = this.#time.monotonicMs();
      })
      .catch((error: unknown) => {
        place.reason = error instanceof Error ? error.message : "they could not be read";
      })
      .finally(() => {
        place.asking = null;
      });
    await place.asking;
  }

  #place(name: string): Place {
    const known = this.#places.get(name);
    const place = known ?? { keys: null, keptAtMs: 0, askedAtMs: null, asking: null, reason: "not asked yet" };
    this.#places.delete(name);
    this.#places.set(name, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_PLACES && oldest !== undefined) this.#places.delete(oldest);
    return place;
  }

  #ageMs(sinceMs: number): number {
    return this.#time.monotonicMs() - sinceMs;
  }
}

interface Place {
  keys: readonly UsableKey[] | null;
  keptAtMs: number;
  askedAtMs: number | null;
  asking: Promise<void> | null;
  /** Why it gave no keys the last time that it did not. */
  reason: string;
}
