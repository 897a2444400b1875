/** What a node needs to be able to repeat a refresh. */
export type Need = "process" | "way to the store" | "store";

interface Change {
  readonly atMs: number;
  readonly able: boolean;
}

/**
 * Records when any node at all was able to refresh: its process there and not frozen, its way to the store open, the store with a
 * primary. Whether a loss lay within what was promised is computed from this, by the wall clock, and from nothing that a node says.
 */
export class Availability {
  readonly #lacks: readonly Set<Need>[];
  readonly #wallMs: () => number;
  readonly #changes: Change[] = [];

  constructor(nodes: number, wallMs: () => number) {
    this.#lacks = Array.from({ length: nodes }, () => new Set<Need>());
    this.#wallMs = wallMs;
    this.#note();
  }

  /** From now on this node, or every node, has what it needs or lacks it. */
  set(node: number | "all", need: Need, has: boolean): void {
    for (const [index, lacks] of this.#lacks.entries()) {
      if (node !== "all" && node !== index) continue;
      if (has) lacks.delete(need);
      else lacks.add(need);
    }
    this.#note();
  }

  /** The longest time without a break between two instants in which some node was able. */
  longestAbleMs(fromMs: number, toMs: number): number {
    let longestMs = 0;
    for (const [index, { atMs, able }] of this.#changes.entries()) {
      if (!able) continue;
      const endMs = this.#changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      longestMs = Math.max(longestMs, Math.min(endMs, toMs) - Math.max(atMs, fromMs));
    }
    return Math.max(0, longestMs);
  }

  /** The longest time without any able node so far. */
  longestUnableMs(): number {
    const nowMs = this.#wallMs();
    const spans = this.#changes.map(({ atMs, able }, index) =>
      able ? 0 : (this.#changes[index + 1]?.atMs ?? nowMs) - atMs,
    );
    return Math.max(0, ...spans);
  }

  #note(): void {
    const able = this.#lacks.some((lacks) => lacks.size === 0);
    if (this.#changes.at(-1)?.able !== able) this.#changes.push({ atMs: this.#wallMs(), able });
  }
}
