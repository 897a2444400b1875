import type { NodeId } from "@evergrant/core";
import type { Transaction } from "kysely";
import type { JournalMark } from "../../ports/node-store.ts";
import type { Records } from "../../ports/records.ts";
import { CHAIN_START, type ChainHead, chained } from "../audit-chain.ts";
import { jsonColumn } from "./json-column.ts";
import { moveNodeOn } from "./node-rows.ts";
import type { SqlFacts } from "./sql-facts.ts";
import { WriteConflict } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** I13 audit: writes what goes into the same transaction as a change: the node's next audit records, and notices for the outbox. */
export type WriteRecords = (trx: Transaction<Tables>, records: Records) => Promise<void>;

/** Who writes: whose audit chain, and where its journal stands (left out where nobody holds that against the store). */
export interface Writer {
  readonly node: NodeId;
  readonly mark?: (() => JournalMark) | undefined;
}

export function recordRows({ node, mark }: Writer, facts: SqlFacts): WriteRecords {
  return async (trx, { audit, notices }) => {
    if (audit.length > 0) await writeAudit(trx, { node, facts }, audit);
    const last = audit.at(-1);
    if (mark !== undefined && last !== undefined) await moveNodeOn(trx, mark(), last.atMs);
    for (const notice of notices) {
      await trx
        .insertInto("outbox")
        .values({
          notice: notice.notice,
          subject_kind: notice.subject.kind,
          subject_id: notice.subject.id,
          at_ms: notice.atMs,
          facts: jsonColumn.write(notice.facts),
          delivered_at_ms: null,
        })
        .execute();
    }
  };
}

async function writeAudit(
  trx: Transaction<Tables>,
  { node, facts }: { node: NodeId; facts: SqlFacts },
  entries: Records["audit"],
): Promise<void> {
  const before = await lockHead(trx, node, facts);
  let head = before;
  for (const entry of entries) {
    const record = chained(node, head, entry);
    await trx
      .insertInto("audit_record")
      .values({
        node,
        sequence: record.sequence,
        subject_kind: record.subject.kind,
        subject_id: record.subject.id,
        at_ms: record.atMs,
        by: record.by,
        event: record.event,
        facts: jsonColumn.write(record.facts),
        hash: record.hash,
      })
      .execute();
    head = record;
  }
  const { numUpdatedRows } = await trx
    .updateTable("audit_chain")
    .set({ sequence: head.sequence, hash: head.hash })
    .where("node", "=", node)
    .where("sequence", "=", before.sequence)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new WriteConflict("audit chain");
}

async function lockHead(trx: Transaction<Tables>, node: NodeId, facts: SqlFacts): Promise<ChainHead> {
  const head = facts.lockRows(trx.selectFrom("audit_chain").select(["sequence", "hash"]).where("node", "=", node));
  const known = await head.executeTakeFirst();
  if (known !== undefined) return known;
  await trx
    .insertInto("audit_chain")
    .values({ node, ...CHAIN_START })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return await head.executeTakeFirstOrThrow();
}
