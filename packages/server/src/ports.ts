/** What the server needs to know of time: a clock that never jumps back, in milliseconds; compare only with itself. */
export interface ServerTime {
  monotonicMs(): number;
}

/** What the server needs of chance: random bytes, fit for secrets. */
export interface ServerChance {
  bytes(length: number): Uint8Array;
}
