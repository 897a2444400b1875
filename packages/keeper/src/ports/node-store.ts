import type { NodeId } from "@evergrant/core";
import type { AuditMark } from "./audit-store.ts";
import type { JournalPosition } from "./journal.ts";

/** What the store was last told by a node about itself: held against that node's journal, it shows a store that went back. */
export interface NodeRow {
  readonly node: NodeId;
  /** The incarnation in which the node works. */
  readonly incarnation: number;
  readonly journalPosition: JournalPosition;
  readonly writtenAtMs: number;
}

/** What a node says of its keys and its journal, again and again while it runs. */
export interface NodeReport {
  readonly node: NodeId;
  readonly keys: NodeKeys;
  /** Whatever was erased before this instant stands in its journal no more. */
  readonly erasedToMs: number;
  readonly toldAtMs: number;
}

/** Key-encryption keys, by id. */
export interface NodeKeys {
  readonly primary: string;
  readonly ring: readonly string[];
  /** Those that a segment of its journal needs. */
  readonly journal: readonly string[];
}

export interface NodeStore {
  /** Every node that ever worked on this store, by id. */
  list(): Promise<readonly NodeRow[]>;
  find(node: NodeId): Promise<NodeRow | undefined>;
  /**
   * Puts a row in place as it is, whatever was there.
   * @param since the end of this node's own chain some time ago (`AuditStore.end`). Where it is gone the store went back since, and nothing is written.
   * @returns whether it was written.
   */
  write(row: NodeRow, since: AuditMark | null): Promise<boolean>;
  /** Puts a node's report in place of its last. */
  report(report: NodeReport): Promise<void>;
  /** The last report of every node that ever gave one, by id. */
  reports(): Promise<readonly NodeReport[]>;
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
