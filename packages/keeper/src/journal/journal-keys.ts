import type { KeyObject } from "node:crypto";

/** What the journal needs of a key ring: keys by id, each derived for one purpose, so that its files open without the store. */
export interface JournalKeys {
  readonly primaryId: string;
  has(keyId: string): boolean;
  derive(keyId: string, purpose: string): KeyObject;
}
