interface Waiting {
  readonly atMs: number;
  readonly fire: () => void;
  readonly order: number;
}

/** A clock that stands still until it is moved: timers fire in order of their instants, and every consequence is awaited. */
export class MovableTime {
  #nowMs: number;
  /** What both clocks showed before anything moved them. */
  readonly startMs: number;
  #waiting: Waiting[] = [];
  #order = 0;
  #leaptMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
    this.startMs = startMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#leaptMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.startMs;
  }

  setTimer(delayMs: number, fire: () => void): { cancel(): void } {
    this.#order += 1;
    const waiting: Waiting = { atMs: this.#nowMs + Math.max(0, delayMs), fire, order: this.#order };
    this.#waiting.push(waiting);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
      },
    };
  }

  /** The wall clock is set otherwise, by so much: no time passes. */
  leap(byMs: number): void {
    this.#leaptMs += byMs;
  }

  /** Goes forward by this much, stopping at each timer on the way and letting what it started run to rest. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(targetMs); next !== undefined; next = this.#next(targetMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#waiting = this.#waiting.filter((other) => other !== next);
      next.fire();
      await settle();
    }
    this.#nowMs = targetMs;
    await settle();
  }

  /** What a process had planned dies with it. */
  dropTimers(): void {
    this.#waiting = [];
  }

  /** Lets whatever is pending run to rest without moving the clock. */
  async settle(): Promise<void> {
    await settle();
  }

  #next(targetMs: number): Waiting | undefined {
    return this.#waiting
      .filter(({ atMs }) => atMs <= targetMs)
      .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  }
}

// Promises that hang on no timer are done after a few rounds of the event loop.
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
