import type { GrantId } from "@evergrant/core";
import type { StoredGrant } from "../../ports/grant-store.ts";
import { compareText } from "./compare-text.ts";

interface Entry {
  readonly atMs: number;
  readonly id: GrantId;
}

/**
 * Grants by their due instant: a heap to which each change adds an entry; one that is no longer true is dropped when it comes up.
 * What the SQL stores have an index for.
 */
export class DueIndex {
  readonly #grants: ReadonlyMap<GrantId, StoredGrant>;
  #heap: Entry[] = [];

  constructor(grants: ReadonlyMap<GrantId, StoredGrant>) {
    this.#grants = grants;
  }

  add({ id, dueAtMs }: Pick<StoredGrant, "id" | "dueAtMs">): void {
    if (dueAtMs !== null) this.#push({ atMs: dueAtMs, id });
  }

  /** After the grants went back to an earlier state. */
  rebuild(): void {
    this.#heap = [];
    for (const grant of this.#grants.values()) this.add(grant);
  }

  nextMs(): number | null {
    return this.#first()?.atMs ?? null;
  }

  /** The grants due by then, soonest first. */
  until(beforeMs: number, limit: number): readonly StoredGrant[] {
    const found = this.take(beforeMs, limit);
    for (const grant of found) this.add(grant);
    return found;
  }

  /** The same, and they are in the index no more until they are added again. */
  take(beforeMs: number, limit: number): readonly StoredGrant[] {
    const found = new Map<GrantId, StoredGrant>();
    while (found.size < limit) {
      const first = this.#first();
      if (first === undefined || first.atMs > beforeMs) break;
      this.#pop();
      const grant = this.#grants.get(first.id);
      if (grant !== undefined) found.set(first.id, grant);
    }
    return [...found.values()];
  }

  #first(): Entry | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#grants.get(first.id)?.dueAtMs === first.atMs) return first;
      this.#pop();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isSooner(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [first, second] = [heap[left], heap[left + 1]];
      if (first === undefined) break;
      const isRight = second !== undefined && isSooner(second, first);
      const child = isRight ? second : first;
      if (!isSooner(child, last)) break;
      heap[at] = child;
      at = isRight ? left + 1 : left;
    }
    heap[at] = last;
  }
}

function isSooner(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && compareText(a.id, b.id) < 0);
}
