import type { NodeId } from "@evergrant/core";

/** What faces may ask about the key-encryption keys: which there are, a new primary, and the end of an old one. No key is ever shown. */
export interface Keys {
  list(): Promise<KeysView>;
  /**
   * Makes another key the primary: what is new is wrapped by it from now on, at every node, and what is old is wrapped anew behind. Null: a
   * key that is made for it, and put into the source of this node's ring; where other nodes lack it, it has to be brought to them first.
   * @throws key_source_fixed · key_unknown · key_not_everywhere
   */
  rotate(to: string | null, by: string): Promise<KeysView>;
  /** Takes a key out of this node's ring that nothing needs any more. @throws key_unknown · key_in_use */
  retire(id: string, by: string): Promise<KeysView>;
}

export interface KeysView {
  readonly keys: readonly {
    readonly id: string;
    readonly primary: boolean;
    /** Nodes that have it, and nodes whose journal needs it, as they last said. */
    readonly nodes: readonly NodeId[];
    readonly journals: readonly NodeId[];
  }[];
  /** Data keys that are to be wrapped anew by the primary: so many are left (counted up to 10,000), so many this node has done. */
  readonly reseal: { readonly running: boolean; readonly left: number; readonly done: number };
}
