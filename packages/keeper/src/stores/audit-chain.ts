import { hash } from "node:crypto";
import type { NodeId } from "@evergrant/core";
import type { AuditEntry, AuditRecord } from "../ports/records.ts";
import { storable, storableText } from "./storable.ts";

/** The last link of a node's chain: what the next record is chained to. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first record: sequences count from 1. */
export const CHAIN_START: ChainHead = { sequence: 0, hash: "0".repeat(64) };

/** I13 audit: the entry as the record after `head`: SHA-256, hex, over the hash before it and the record's canonical JSON. */
export function chained(node: NodeId, head: ChainHead, entry: AuditEntry): AuditRecord {
  const record = {
    subject: { ...entry.subject, id: storableText(entry.subject.id) } as AuditEntry["subject"],
    atMs: entry.atMs,
    // What is hashed has to be what is read back.
    by: storableText(entry.by),
    event: storableText(entry.event),
    facts: storable(entry.facts),
    sequence: head.sequence + 1,
  };
  return { ...record, hash: hash("sha256", head.hash + canonical(node, record)) };
}

/** Whether a stored record is the one that comes after `head`, unchanged. */
export function follows(node: NodeId, head: ChainHead, record: AuditRecord): boolean {
  const expected = chained(node, head, record);
  return record.sequence === expected.sequence && record.hash === expected.hash;
}

// Member names in the order of their code units, no white space: one text per record, in every language.
function canonical(node: NodeId, record: Omit<AuditRecord, "hash">): string {
  const { atMs, by, event, sequence, subject } = record;
  const facts: Record<string, unknown> = {};
  for (const name of Object.keys(record.facts).sort()) facts[name] = record.facts[name];
  return JSON.stringify({ atMs, by, event, facts, node, sequence, subject: { id: subject.id, kind: subject.kind } });
}
