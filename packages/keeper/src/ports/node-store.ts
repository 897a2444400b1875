import type { NodeId } from "@evergrant/core";
import type { JournalPosition } from "./journal.ts";

/** What the store was last told by a node about itself: held against that node's journal, it shows a store that went back. */
export interface NodeRow {
  readonly node: NodeId;
  /** The incarnation in which the node works. */
  readonly incarnation: number;
  readonly journalPosition: JournalPosition;
  readonly writtenAtMs: number;
}

export interface NodeStore {
  /** Every node that ever worked on this store, by id. */
  list(): Promise<readonly NodeRow[]>;
  find(node: NodeId): Promise<NodeRow | undefined>;
  /** Puts a row in place as it is, whatever was there. */
  write(row: NodeRow): Promise<void>;
}

/**
 * Where the journal of a store's own node stands. Whatever is recorded moves that node's row on to `end`, in the same transaction,
 * but never from below `acknowledged`: a row that is behind that is the trace of a store that went back, and is left as it is.
 */
export interface JournalMark {
  readonly node: NodeId;
  /** The newest record on disk. */
  readonly end: JournalPosition;
  /** The newest record of which the store said that it has it. */
  readonly acknowledged: JournalPosition;
}
