/** Chance as an argument. Production draws from the operating system, a simulation from a seed. */
export interface Chance {
  /** Uniform in 0 ≤ x < 1, for jitter. */
  draw(): number;
  /** `length` random bytes, fit for keys and secrets. */
  bytes(length: number): Uint8Array;
}
