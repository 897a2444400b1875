import type { AuditFacts, GrantId, News } from "@evergrant/core";

/** What an audit record is about. */
export type AuditSubject =
  | { readonly kind: "grant"; readonly id: GrantId }
  | {
      readonly kind: "connection" | "app" | "caller" | "consent" | "deployment" | "node" | "recipient" | "operator";
      readonly id: string;
    };

/** One line of the story, before it is chained to the one before it. Facts hold no secret. */
export interface AuditEntry extends AuditFacts {
  readonly subject: AuditSubject;
  readonly atMs: number;
  /** Who did it: `keeper`, `rule`, `person`, `caller:ID`, or an operator by name. */
  readonly by: string;
}

export interface AuditRecord extends AuditEntry {
  readonly sequence: number;
  /** SHA-256 over the hash before it and this entry, hex; one chain per node. */
  readonly hash: string;
}

/** Something that a person must be told; delivered from the outbox, written in the transaction that caused it. */
export interface NoticeEntry {
  readonly notice: News["kind"];
  readonly subject: AuditSubject;
  readonly atMs: number;
  readonly facts: AuditFacts["facts"];
}

/** What goes into the same transaction as a change. */
export interface Records {
  readonly audit: readonly AuditEntry[];
  readonly notices: readonly NoticeEntry[];
}
