import type { OperatorId } from "@evergrant/core";

/** An operator who signed in with a browser. */
export interface StoredSession {
  /** SHA-256 of the random value that the browser holds, hex. */
  readonly sha256: string;
  readonly operator: OperatorId;
  /** The key's id or `identity`: the session ends with it. */
  readonly credential: string;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
}

export interface SessionStore {
  create(session: StoredSession): Promise<void>;
  find(sha256: string): Promise<StoredSession | undefined>;
  /** Never back in time; nothing where there is no such session. */
  see(sha256: string, atMs: number): Promise<void>;
  remove(sha256: string): Promise<void>;
  /** Forgets those that began, or were seen last, before these instants. */
  forget(before: { readonly startedMs: number; readonly seenMs: number }): Promise<void>;
}
