/** Which assertions were used: each works once, at whatever node. */
export interface AssertionStore {
  /** Takes an assertion, by its digest, until it would have expired anyway. */
  claim(digest: string, expiresAtMs: number): Promise<"claimed" | "taken">;
  /** Forgets those that had expired by then. */
  forget(beforeMs: number): Promise<void>;
}
