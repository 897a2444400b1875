import type { NodeId } from "@evergrant/core";
import type { Selectable, Transaction } from "kysely";
import type { JournalMark, NodeRow, NodeStore } from "../../ports/node-store.ts";
import { holdsRecord } from "./audit-mark.ts";
import { jsonColumn } from "./json-column.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** What each node last told of itself. */
export function nodeRows(session: SqlSession, own: NodeId): NodeStore {
  return {
    list: () =>
      session.read(async (db) => (await db.selectFrom("node").selectAll().orderBy("node").execute()).map(nodeOf)),
    find: (node) =>
      session.read(async (db) => {
        const row = await db.selectFrom("node").selectAll().where("node", "=", node).executeTakeFirst();
        return row && nodeOf(row);
      }),
    write: ({ node, incarnation, journalPosition, writtenAtMs }, since) =>
      session.change(async (trx) => {
        // In one transaction, and so on one server.
        if (since !== null && !(await holdsRecord(trx, own, since))) return false;
        const set = { incarnation, journal_position: journalPosition, written_at_ms: writtenAtMs };
        await trx
          .insertInto("node")
          .values({ node, ...set })
          .onConflict((conflict) => conflict.column("node").doUpdateSet(set))
          .execute();
        return true;
      }),
    report: ({ node, keys, erasedToMs, toldAtMs }) =>
      session.change(async (trx) => {
        const set = { keys: jsonColumn.write(keys), erased_to_ms: erasedToMs, told_at_ms: toldAtMs };
        await trx
          .insertInto("node_report")
          .values({ node, ...set })
          .onConflict((conflict) => conflict.column("node").doUpdateSet(set))
          .execute();
      }),
    reports: () =>
      session.read(async (db) =>
        (await db.selectFrom("node_report").selectAll().orderBy("node").execute()).map((row) => ({
          node: row.node,
          keys: jsonColumn.read(row.keys),
          erasedToMs: row.erased_to_ms,
          toldAtMs: row.told_at_ms,
        })),
      ),
  };
}

/** Tells the store how far the journal has come; not where the row is behind what was acknowledged, nor back. */
export async function moveNodeOn(trx: Transaction<Tables>, mark: JournalMark, atMs: number): Promise<void> {
  await trx
    .updateTable("node")
    .set({ journal_position: mark.end, written_at_ms: atMs })
    .where("node", "=", mark.node)
    .where("journal_position", ">=", mark.acknowledged)
    .where("journal_position", "<=", mark.end)
    .execute();
}

/** A node's row as its table has it. */
export function nodeOf(row: Selectable<Tables["node"]>): NodeRow {
  return {
    node: row.node,
    incarnation: row.incarnation,
    journalPosition: row.journal_position,
    writtenAtMs: row.written_at_ms,
  };
}
