/** Fixed-width states, each kept once, in the order in which they came. Grows as needed. */
export class StateSet {
  readonly width: number;
  size = 0;
  bytes: Uint8Array;
  #words: Uint32Array;
  #hashes: Int32Array;
  #slots: Int32Array;
  #capacity: number;

  /** `width`: bytes per state, a multiple of four. */
  constructor(width: number, capacity = 4096) {
    this.width = width;
    this.#capacity = capacity;
    this.bytes = new Uint8Array(width * capacity);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#hashes = new Int32Array(capacity);
    this.#slots = new Int32Array(capacity * 2).fill(-1);
  }

  /** Where the next state is to be written before it is kept. */
  get end(): number {
    return this.size * this.width;
  }

  /** Keeps the state written at `end`, unless it was there already. */
  keep(): boolean {
    const hash = this.#hashAt(this.size);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let index = this.#slots[slot] ?? -1; index >= 0; index = this.#slots[slot] ?? -1) {
      if (this.#hashes[index] === hash && this.#isEqual(index, this.size)) return false;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = this.size;
    this.#hashes[this.size] = hash;
    this.size++;
    if (this.size === this.#capacity) this.#grow();
    return true;
  }

  #hashAt(index: number): number {
    const words = this.width / 4;
    let hash = 0x9e3779b9;
    for (let word = index * words; word < (index + 1) * words; word++) {
      hash = Math.imul(hash ^ (this.#words[word] ?? 0), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 13);
  }

  #isEqual(left: number, right: number): boolean {
    const words = this.width / 4;
    for (let word = 0; word < words; word++) {
      if (this.#words[left * words + word] !== this.#words[right * words + word]) return false;
    }
    return true;
  }

  #grow(): void {
    this.#capacity *= 2;
    const bytes = new Uint8Array(this.width * this.#capacity);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
    const hashes = new Int32Array(this.#capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = new Int32Array(this.#capacity * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = (hashes[index] ?? 0) & mask;
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index;
    }
  }
}
