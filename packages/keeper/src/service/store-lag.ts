import type { Limits } from "@evergrant/core";

/** One look of a node at the clock of the store that it shares with others. */
export interface StoreClockSeen {
  /** How far the store's clock is ahead of where it was thought to be. */
  readonly aheadMs: number;
  /** How far the machine's own clock leapt since the last look. */
  readonly leaptMs: number;
  /** Within what that is known. */
  readonly withinMs: number;
  /** How long the last look is ago. */
  readonly sinceMs: number;
}

/** What the nodes last told each other of it. */
export interface ToldLag {
  readonly behindMs: number;
  readonly atMs: number;
}

/**
 * How far the clock of a store that nodes share is behind the time that they go by, as it was set back while they ran. Time does not go back:
 * instants that stand in the store are counted on from.
 */
export class StoreLag {
  readonly #skewMs: number;
  #behindMs = 0;
  #hasLooked = false;
  /** Found by this node's own clocks, and not told to the others yet. */
  #hasFound = false;
  /** When the newest was told that this node has seen, or told itself. */
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: Limits) {
    this.#skewMs = limits.clockSkewMs;
  }

  get behindMs(): number {
    return this.#behindMs;
  }

  /** What is so after a look. What is found at the first is not known to have changed. */
  seen(look: StoreClockSeen): void {
    const behindMs = this.#hasLooked ? Math.round(this.#behindAfter(look)) : this.#behindMs;
    this.#hasLooked = true;
    // Who slept, or whose own clock was set, knows no better than the others.
    const isSteady = Math.abs(look.leaptMs) <= this.#skewMs / 2;
    this.#hasFound ||= isSteady && behindMs !== this.#behindMs;
    this.#behindMs = behindMs;
  }

  /** Others go by a time that is so much later. */
  grow(byMs: number): void {
    this.#behindMs += byMs;
  }

  /**
   * What the nodes last told each other. Whoever was away meanwhile, or is new, joins them.
   * @returns by how much this one's time is later now, and what is to be told in place of that; null where it is right.
   */
  join(told: ToldLag, nowMs: number): { readonly laterMs: number; readonly tell: number | null } {
    const apartMs = told.behindMs - this.#behindMs;
    const isRight = Math.abs(apartMs) <= this.#skewMs / 2;
    // What was told since may be gone with the last moments of a store that failed over.
    const knowsBetter = this.#hasFound || told.atMs <= this.#toldAtMs;
    this.#hasFound = false;
    this.#toldAtMs = Math.max(this.#toldAtMs, isRight || !knowsBetter ? told.atMs : nowMs);
    if (isRight) return { laterMs: 0, tell: null };
    // It may be less than was told only where this node has seen the clock set right.
    if (knowsBetter || apartMs < 0) return { laterMs: 0, tell: this.#behindMs };
    this.#behindMs = told.behindMs;
    return { laterMs: apartMs, tell: null };
  }

  #behindAfter({ aheadMs, leaptMs, withinMs, sinceMs }: StoreClockSeen): number {
    // A clock that merely runs slower is followed, by steps within what clocks may differ by.
    const driftMs = this.#skewMs + withinMs + sinceMs * DRIFT_SHARE;
    if (aheadMs < 0) return aheadMs < -driftMs ? this.#behindMs - aheadMs : this.#behindMs;
    // The machine's clock is as much ahead: it was this node that slept, and not the store's clock that was set right.
    const hasSlept = Math.abs(aheadMs - leaptMs) <= this.#skewMs / 2 + withinMs;
    return hasSlept ? this.#behindMs : Math.max(0, this.#behindMs - aheadMs);
  }
}

/** As fast as kernels let a clock run to bring it right. */
const DRIFT_SHARE = 0.0005;
