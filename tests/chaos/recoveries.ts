/** Takes the time from a harm to a node until that node serves a token again. */
export class Recoveries {
  readonly #open = new Map<number, { fromMs: number; healedMs: number | null }>();
  readonly #tookMs: number[] = [];

  /** From now on this node is harmed. A harm upon a harm counts from the first. */
  harmed(node: number): void {
    const fromMs = this.#open.get(node)?.fromMs ?? performance.now();
    this.#open.set(node, { fromMs, healedMs: null });
  }

  /** The harm is over: what is asked of the node from now on shows whether it is back. */
  healed(node: number): void {
    const open = this.#open.get(node);
    if (open !== undefined) open.healedMs = performance.now();
  }

  served(node: number, sentAtMs: number): void {
    const open = this.#open.get(node);
    if (open === undefined || open.healedMs === null || sentAtMs < open.healedMs) return;
    this.#open.delete(node);
    this.#tookMs.push(Math.round(performance.now() - open.fromMs));
  }

  /** Median and longest; 0 where nothing was harmed. */
  summary(): { readonly p50: number; readonly max: number } {
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    return { p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
  }
}
