export interface Timer {
  cancel(): void;
}

/** Where a sandbox takes its time from: wall clock (epoch ms), a clock that only goes forward, and timers on it. */
export interface Time {
  wallMs(): number;
  monotonicMs(): number;
  setTimer(delayMs: number, fire: () => void): Timer;
}
