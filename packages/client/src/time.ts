/** Time as an argument: the real clock, or one that a test moves. */
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

/** Randomness as an argument. */
export interface Chance {
  /** At least 0, less than 1: for jitter. */
  draw(): number;
  /** Unpredictable bytes: for sealing. */
  bytes(length: number): Uint8Array;
}

/** Resolves after this long, or at once when `signal` is aborted. Never rejects. */
export function pause(time: Time, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = time.setTimer(delayMs, done);
    signal.addEventListener("abort", done);
  });
}
