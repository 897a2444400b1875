import type { Stream } from "./chance.ts";

/** Something that will happen, unless it is called off. */
export interface Planned {
  cancel(): void;
}

interface Entry extends Planned {
  readonly atMs: number;
  readonly tie: number;
  fire: (() => void) | null;
}

/** How many events one turn of the event loop takes at most; between two of them all promises run to rest. */
const BATCH = 64;
/** More events than this at one instant are a loop that no time passes in. */
const AT_ONE_INSTANT = 200_000;

/** The one true time of a world: a heap of events by (instant, tie-break from the seed). No real clock anywhere. */
export class Clock {
  #nowMs: number;
  #atThisInstant = 0;
  readonly #ties: Stream;
  readonly #heap: Entry[] = [];

  constructor(startMs: number, ties: Stream) {
    this.#nowMs = startMs;
    this.#ties = ties;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Planned {
    const entry: Entry = {
      atMs: Math.max(atMs, this.#nowMs),
      tie: this.#ties.draw(),
      fire,
      cancel: () => {
        entry.fire = null;
      },
    };
    this.#push(entry);
    return entry;
  }

  after(delayMs: number, fire: () => void): Planned {
    return this.at(this.#nowMs + Math.max(0, delayMs), fire);
  }

  /** Lets everything happen that is due by then, each with all its consequences before the next. */
  runUntil(targetMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      const step = () => {
        if (over) return;
        try {
          over = !this.#happenNext(targetMs);
          if (over) resolve();
        } catch (error) {
          over = true;
          reject(error);
        }
      };
      // Promises run to rest between two immediates of one batch as well; the event loop itself turns once per batch.
      const pump = () => {
        if (over) return;
        for (let count = 0; count < BATCH; count += 1) setImmediate(step);
        setImmediate(pump);
      };
      setImmediate(pump);
    });
  }

  #happenNext(targetMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > targetMs) {
        this.#nowMs = targetMs;
        return false;
      }
      this.#pop();
      if (next.fire === null) continue;
      this.#atThisInstant = next.atMs === this.#nowMs ? this.#atThisInstant + 1 : 0;
      if (this.#atThisInstant > AT_ONE_INSTANT) throw new Error(`livelock at ${this.#nowMs}`);
      this.#nowMs = next.atMs;
      next.fire();
      return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(entry, above)) break;
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
      let child = 2 * at + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, below)) {
        child += 1;
        below = right;
      }
      if (!before(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}
