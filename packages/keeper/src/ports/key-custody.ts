import type { NodeKeys } from "./node-store.ts";
import type { WrappedKey } from "./sealer.ts";

/** The key-encryption keys of a node: named, made and wrapped anew; no key ever leaves. */
export interface KeyCustody {
  /** Those that this node has, and those that its journal needs. */
  held(): Promise<NodeKeys>;
  /** Wraps what is new by this key from now on. False where the ring lacks it. */
  usePrimary(keyId: string): boolean;
  /** Looks at the source again: keys that were added are there from then on. */
  reload(): Promise<void>;
  /**
   * Makes a key and puts it into the source, behind the others; its id. Null where the source cannot be written to from here.
   * @throws kek_missing where it could not be written
   */
  make(): Promise<string | null>;
  /** Takes a key out of the ring and, where that can be written, out of the source. */
  drop(keyId: string): Promise<void>;
  /** Which key a wrapped key is wrapped by. */
  keyIdOf(wrapped: string): string;
  /** The same data key, wrapped by the primary. Throws where it does not open. */
  rewrap(owner: string, wrapped: WrappedKey): WrappedKey;
  rewrapKeyCheck(keyCheck: string): string;
}
