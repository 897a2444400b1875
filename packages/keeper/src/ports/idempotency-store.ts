import type { Sealed, WrappedKey } from "./sealer.ts";

/** A create that somebody may repeat, and what it answered. */
export interface StoredCreate {
  /** SHA-256 over who asked and under which key, hex. */
  readonly key: string;
  /** A keyed digest of what was asked for. */
  readonly requestMac: string;
  readonly startedAtMs: number;
  /** The connections that it is about, by name: with them its answer is erased. */
  readonly connections: readonly string[];
  /** Null while it runs, and for good where it broke off. */
  readonly answer: SealedAnswer | "erased" | null;
}

/** Sealed, since it may show a secret that is else kept as a hash alone. */
export interface SealedAnswer {
  readonly dataKey: WrappedKey;
  readonly sealed: Sealed;
}

export interface IdempotencyStore {
  /** Takes the key for a create that begins, or says what stands under it: the insert itself decides who is first. */
  claim(create: Omit<StoredCreate, "answer">): Promise<StoredCreate | "claimed">;
  /** Nothing where it was erased meanwhile. */
  finish(key: string, answer: SealedAnswer): Promise<void>;
  /** Gives back the key of a create that was refused; one that has an answer stays. */
  release(key: string): Promise<void>;
  /** Forgets creates that began before, answers and their keys included. */
  forget(startedBeforeMs: number): Promise<void>;
  /** Destroys the answers, and those to come, of creates about any of these connections. Their keys stay taken, so that nothing is made twice. */
  eraseAnswers(connections: readonly string[]): Promise<void>;
}
