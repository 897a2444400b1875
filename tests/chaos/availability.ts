/** What a node needs to be able to repeat a refresh. */
export type Need = "process" | "way to the store" | "way to the provider" | "store";

interface Change {
  readonly atMs: number;
  readonly able: boolean;
}

/**
 * Records when each node, and when any node at all, was able to refresh: its process there and not frozen, its ways to the store and to the
 * provider open, the store with a primary. Whether a loss lay within what was promised is computed from this, by the wall clock, and from nothing that a node
 * says.
 */
export class Availability {
  readonly #lacks: readonly Set<Need>[];
  readonly #wallMs: () => number;
  readonly #ofNode: readonly Change[][];
  readonly #ofAny: Change[] = [];

  constructor(nodes: number, wallMs: () => number) {
    this.#lacks = Array.from({ length: nodes }, () => new Set<Need>());
    this.#ofNode = this.#lacks.map(() => []);
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

  /** The longest time between two instants in which one and the same node was able without a break. */
  longestAbleMs(fromMs: number, toMs: number): number {
    const spans = this.#ofNode.flatMap((changes) =>
      changes.map(({ atMs, able }, index) =>
        able ? Math.min(changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY, toMs) - Math.max(atMs, fromMs) : 0,
      ),
    );
    return Math.max(0, ...spans);
  }

  /** The longest time without any able node so far. */
  longestUnableMs(): number {
    const nowMs = this.#wallMs();
    const spans = this.#ofAny.map(({ atMs, able }, index) =>
      able ? 0 : (this.#ofAny[index + 1]?.atMs ?? nowMs) - atMs,
    );
    return Math.max(0, ...spans);
  }

  #note(): void {
    const atMs = this.#wallMs();
    const able = this.#lacks.map((lacks) => lacks.size === 0);
    for (const [node, changes] of this.#ofNode.entries()) note(changes, { atMs, able: able[node] ?? false });
    note(this.#ofAny, { atMs, able: able.includes(true) });
  }
}

function note(changes: Change[], change: Change): void {
  if (changes.at(-1)?.able !== change.able) changes.push(change);
}
