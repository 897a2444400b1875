import type { OutboxNotice } from "./notice-store.ts";
import type { AuditRecord, AuditSubject, Records } from "./records.ts";

/** One record of a node's chain, by which a store is recognised that went back in time. */
export type AuditMark = Pick<AuditRecord, "sequence" | "hash">;

export interface AuditStore {
  /** Writes records that belong to no other change. */
  write(records: Records): Promise<void>;
  /** The story of one subject, newest first. */
  story(subject: AuditSubject, limit: number): Promise<readonly AuditRecord[]>;
  /** Checks the hash chain of this node from its first record; the sequence of the first that does not fit, or null. */
  firstBroken(): Promise<number | null>;
  /** This node's last record; null before the first. */
  end(): Promise<AuditMark | null>;
  /** Whether this very record is still there: not so, and the store lost its last moments. */
  holds(mark: AuditMark): Promise<boolean>;
  /** Notices of which nobody has said yet who gets them, oldest first. */
  outbox(limit: number): Promise<readonly OutboxNotice[]>;
}
