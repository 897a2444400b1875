import type { ServerTime } from "../ports.ts";

/** How often one address may do something: `burst` at once, one more every `refillMs`. */
export interface Rate {
  readonly burst: number;
  readonly refillMs: number;
}

export type RateVerdict = { readonly kind: "pass" } | { readonly kind: "wait"; readonly retryAfterMs: number };

/** A token bucket per address. Remembers a bounded number of addresses and forgets the one seen longest ago first. */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #time: ServerTime;
  readonly #addressesMax: number;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(rate: Rate, options: { time: ServerTime; addressesMax: number }) {
    this.#rate = rate;
    this.#time = options.time;
    this.#addressesMax = options.addressesMax;
  }

  /** Counts one use by this address, and says whether it may. */
  take(address: string): RateVerdict {
    const nowMs = this.#time.monotonicMs();
    const left = this.#leftAt(address, nowMs);
    this.#buckets.delete(address);
    this.#buckets.set(address, { left: left < 1 ? left : left - 1, atMs: nowMs });
    this.#forgetOldest();
    return left < 1 ? { kind: "wait", retryAfterMs: Math.ceil((1 - left) * this.#rate.refillMs) } : { kind: "pass" };
  }

  get size(): number {
    return this.#buckets.size;
  }

  #leftAt(address: string, nowMs: number): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return this.#rate.burst;
    return Math.min(this.#rate.burst, bucket.left + Math.max(0, nowMs - bucket.atMs) / this.#rate.refillMs);
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= this.#addressesMax) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
