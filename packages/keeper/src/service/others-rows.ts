import type { NodeId } from "@evergrant/core";
import type { NodeRow } from "../ports/node-store.ts";

/**
 * What a node saw of the others' rows. A store that went back shows in its own row only to whoever had written there; the others
 * see it by theirs, and give those who know better time to speak before they spend what the store now says.
 */
export class OthersRows {
  readonly #patienceMs: number;
  #seen: readonly NodeRow[] = [];
  #behindSinceMs: number | null = null;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Whether another node's row is behind what was seen of it, and it may still say so itself; on the monotonic clock. */
  areBehind(own: NodeId, rows: readonly NodeRow[], nowMs: number): boolean {
    if (!this.#seen.some((before) => before.node !== own && isBehind(before, rows))) {
      this.#seen = rows;
      this.#behindSinceMs = null;
      return false;
    }
    this.#behindSinceMs ??= nowMs;
    if (nowMs - this.#behindSinceMs < this.#patienceMs) return true;
    // Whoever could have spoken is gone: what the store says is all that there is.
    this.#seen = rows;
    this.#behindSinceMs = null;
    return false;
  }
}

// In another incarnation an operator has spoken, and positions begin where he said.
function isBehind(before: NodeRow, rows: readonly NodeRow[]): boolean {
  const now = rows.find(({ node }) => node === before.node);
  return now === undefined || (now.incarnation === before.incarnation && now.journalPosition < before.journalPosition);
}
