/** Milliseconds on a clock that never goes back, for figures of speed alone. */
export function monotonicMs(): number {
  return performance.now();
}
