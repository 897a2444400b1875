import type { NodeId } from "@evergrant/core";
import type { OutboxNotice } from "./notice-store.ts";
import type { AuditRecord, AuditSubject, Records } from "./records.ts";

/** One record of a node's chain, by which a store is recognised that went back in time. */
export type AuditMark = Pick<AuditRecord, "sequence" | "hash">;

/** A record with the node whose chain it is in. */
export interface NodeAuditRecord extends AuditRecord {
  readonly node: NodeId;
}

/** A place between two records of the audit of all nodes. */
export type AuditPlace = Pick<NodeAuditRecord, "atMs" | "node" | "sequence">;

export interface AuditStore {
  /** Writes records that belong to no other change. */
  write(records: Records): Promise<void>;
  /** The story of one subject, newest first. */
  story(subject: AuditSubject, limit: number): Promise<readonly AuditRecord[]>;
  /** Of all nodes, newest first, those after this place; of one instant by node, and there the later first. */
  page(after: AuditPlace | null, limit: number): Promise<readonly NodeAuditRecord[]>;
  /** The ends of all nodes' chains, by node; of one whose end is not there, the start. */
  chains(): Promise<readonly (AuditMark & { readonly node: NodeId })[]>;
  /** Checks the hash chain of a node (left out: this one) from its first record; the sequence of the first that does not fit, or null. */
  firstBroken(node?: NodeId): Promise<number | null>;
  /** This node's last record; null before the first. */
  end(): Promise<AuditMark | null>;
  /** Whether this very record is still there: not so, and the store lost its last moments. */
  holds(mark: AuditMark): Promise<boolean>;
  /** Notices of which nobody has said yet who gets them, oldest first. */
  outbox(limit: number): Promise<readonly OutboxNotice[]>;
}
