import type { NodeId } from "@evergrant/core";
import type { Selectable } from "kysely";
import type { AuditPlace, AuditStore, NodeAuditRecord } from "../../ports/audit-store.ts";
import type { OutboxNotice } from "../../ports/notice-store.ts";
import type { AuditRecord, AuditSubject } from "../../ports/records.ts";
import { CHAIN_START, type ChainHead, follows } from "../audit-chain.ts";
import { holdsRecord } from "./audit-mark.ts";
import { jsonColumn } from "./json-column.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { AuditRecordTable, OutboxTable } from "./tables.ts";

const PAGE = 500;

/** The story and the outbox. */
export function auditRows(session: SqlSession, node: NodeId, write: WriteRecords): AuditStore {
  return {
    write: (records) => session.change((trx) => write(trx, records)),
    story: (subject, limit) =>
      session.read(async (db) => {
        const rows = await db
          .selectFrom("audit_record")
          .selectAll()
          .where("subject_kind", "=", subject.kind)
          .where("subject_id", "=", subject.id)
          .orderBy("at_ms", "desc")
          .orderBy("sequence", "desc")
          .limit(limit)
          .execute();
        return rows.map(recordOf);
      }),
    page: (after, limit) => page(session, after, limit),
    chains: () => chains(session),
    firstBroken: (of = node) => firstBroken(session, of),
    end: () =>
      session.read(async (db) => {
        const end = db.selectFrom("audit_chain").select(["sequence", "hash"]).where("node", "=", node);
        return (await end.executeTakeFirst()) ?? null;
      }),
    holds: (mark) => session.read((db) => holdsRecord(db, node, mark)),
    outbox: (limit) =>
      session.read(async (db) => {
        const rows = await db
          .selectFrom("outbox")
          .selectAll()
          .where("delivered_at_ms", "is", null)
          .orderBy("sequence")
          .limit(limit)
          .execute();
        return rows.map(noticeOf);
      }),
  };
}

// Of the records too, not of the ends alone: a chain whose end was taken away would else be one that nobody looks at.
async function chains(session: SqlSession): Promise<readonly (ChainHead & { readonly node: NodeId })[]> {
  const { ends, nodes } = await session.read(async (db) => ({
    ends: await db.selectFrom("audit_chain").select(["node", "sequence", "hash"]).execute(),
    nodes: await db.selectFrom("audit_record").select("node").distinct().execute(),
  }));
  const endless = nodes.filter(({ node }) => !ends.some((end) => end.node === node));
  return [...ends, ...endless.map(({ node }) => ({ node, ...CHAIN_START }))].sort((a, b) => (a.node < b.node ? -1 : 1));
}

async function page(session: SqlSession, after: AuditPlace | null, limit: number): Promise<readonly NodeAuditRecord[]> {
  const rows = await session.read((db) => {
    const newestFirst = db
      .selectFrom("audit_record")
      .selectAll()
      .orderBy("at_ms", "desc")
      .orderBy("node")
      .orderBy("sequence", "desc")
      .limit(limit);
    if (after === null) return newestFirst.execute();
    const { atMs, node, sequence } = after;
    return newestFirst
      .where(({ eb, or, and }) =>
        or([
          eb("at_ms", "<", atMs),
          and([eb("at_ms", "=", atMs), eb("node", ">", node)]),
          and([eb("at_ms", "=", atMs), eb("node", "=", node), eb("sequence", "<", sequence)]),
        ]),
      )
      .execute();
  });
  return rows.map((row) => ({ ...recordOf(row), node: row.node }));
}

// The end is read before each page: what it names must be on that page or an earlier one, however much is written meanwhile.
async function firstBroken(session: SqlSession, node: NodeId): Promise<number | null> {
  let last: ChainHead = CHAIN_START;
  for (;;) {
    const { end, page } = await session.read(async (db) => ({
      end: await db.selectFrom("audit_chain").select(["sequence", "hash"]).where("node", "=", node).executeTakeFirst(),
      page: await db
        .selectFrom("audit_record")
        .selectAll()
        .where("node", "=", node)
        .where("sequence", ">", last.sequence)
        .orderBy("sequence")
        .limit(PAGE)
        .execute(),
    }));
    for (const record of page.map(recordOf)) {
      if (!follows(node, last, record)) return last.sequence + 1;
      last = record;
    }
    if (page.length === 0) return brokenEnd(last, end ?? CHAIN_START);
  }
}

function brokenEnd(last: ChainHead, end: ChainHead): number | null {
  if (last.sequence !== end.sequence) return Math.min(last.sequence, end.sequence) + 1;
  return last.hash === end.hash ? null : last.sequence;
}

function recordOf(row: Selectable<AuditRecordTable>): AuditRecord {
  return {
    subject: subjectOf(row),
    atMs: row.at_ms,
    by: row.by,
    event: row.event,
    facts: jsonColumn.read(row.facts),
    sequence: row.sequence,
    hash: row.hash,
  };
}

export function noticeOf(row: Selectable<OutboxTable>): OutboxNotice {
  const { sequence, notice, at_ms: atMs } = row;
  return { sequence, notice, subject: subjectOf(row), atMs, facts: jsonColumn.read(row.facts) };
}

function subjectOf(row: { subject_kind: AuditSubject["kind"]; subject_id: string }): AuditSubject {
  return { kind: row.subject_kind, id: row.subject_id } as AuditSubject;
}
