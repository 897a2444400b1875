import type { AuditRecord, AuditSubject, NoticeEntry, Records } from "./records.ts";

export interface AuditStore {
  /** Writes records that belong to no other change. */
  write(records: Records): Promise<void>;
  /** The story of one subject, newest first. */
  story(subject: AuditSubject, limit: number): Promise<readonly AuditRecord[]>;
  /** Checks the hash chain of this node from its first record; the sequence of the first that does not fit, or null. */
  firstBroken(): Promise<number | null>;
  /** The sequence of this node's last record, 0 before the first. It only grows, unless the store lost its last moments. */
  end(): Promise<number>;
  /** Undelivered notices, oldest first. */
  outbox(limit: number): Promise<readonly (NoticeEntry & { readonly sequence: number })[]>;
}
