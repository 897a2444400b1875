/** A stream of pseudo-random numbers. Streams of different names never disturb one another, so a plan can lose a part and the rest stays. */
export interface Stream {
  /** Uniform in 0 ≤ x < 1. */
  draw(): number;
  /** A whole number in 0 ≤ x < limit. */
  below(limit: number): number;
  /** A whole number in from ≤ x ≤ to. */
  between(from: number, to: number): number;
  happens(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** xoshiro128** (Blackman, Vigna), seeded by splitmix32 from a seed and the stream's name. */
export function stream(seed: number, name: string): Stream {
  const next = generator(mixedSeed(seed, name));
  const draw = () => next() / 0x1_0000_0000;
  const below = (limit: number) => Math.floor(draw() * limit);
  return {
    draw,
    below,
    between: (from, to) => from + below(to - from + 1),
    happens: (probability) => probability > 0 && draw() < probability,
    pick: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error("nothing to pick from");
      return choice;
    },
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const word = next();
        for (let part = 0; part < 4 && at + part < length; part += 1) bytes[at + part] = (word >>> (8 * part)) & 0xff;
      }
      return bytes;
    },
  };
}

function mixedSeed(seed: number, name: string): number {
  let mixed = (seed ^ 0x9e37_79b9) >>> 0;
  for (let at = 0; at < name.length; at += 1) mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x0100_0193) >>> 0;
  return (mixed ^ Math.floor(seed / 0x1_0000_0000)) >>> 0;
}

function generator(seed: number): () => number {
  const word = splitmix(seed);
  let [a, b, c, d] = [word(), word(), word(), word()];
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
}

function splitmix(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0_aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a_2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
