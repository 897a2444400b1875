/** Time as an argument: one shape for the real clock, a followed one and a simulated one. */
export interface Time {
  /** Milliseconds since the epoch; may jump. */
  wallMs(): number;
  /** Milliseconds that never jump back; compare only with itself. */
  monotonicMs(): number;
  setTimer(delayMs: number, fire: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** How far a store's clock is ahead of the machine's, and within what that is known. */
export interface ClockReading {
  readonly skewMs: number;
  readonly withinMs: number;
}
