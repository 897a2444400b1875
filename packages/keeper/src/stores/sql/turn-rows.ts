import type { Transaction } from "kysely";
import type { NoticeStore, TurnEnd } from "../../ports/notice-store.ts";
import { deliveriesOf } from "./delivery-rows.ts";
import { recipientOf } from "./recipient-row.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** The turns of recipients: who brings whom what waits, one node at a time. */
export function turnRows(session: SqlSession): Pick<NoticeStore, "takeTurn" | "endTurn" | "nextTurnMs"> {
  return {
    takeTurn: (channels, nowMs, { untilMs, limit }) =>
      session.change(async (trx) => {
        if (channels.length === 0) return null;
        const due = trx
          .selectFrom("notice_recipient")
          .selectAll()
          .where("channel", "in", channels)
          .where("disabled_at_ms", "is", null)
          .where("due_at_ms", "<=", nowMs)
          .where("busy_until_ms", "<=", nowMs);
        const row = await session.facts.skipLocked(due.orderBy("due_at_ms").orderBy("id").limit(1)).executeTakeFirst();
        if (row === undefined) return null;
        const number = row.turn + 1;
        await trx
          .updateTable("notice_recipient")
          .set({ turn: number, busy_until_ms: untilMs })
          .where("id", "=", row.id)
          .execute();
        const waiting = deliveriesOf(trx).where("recipient_id", "=", row.id).where("status", "=", "waiting");
        return {
          recipient: recipientOf(row),
          number,
          lastSentAtMs: row.last_sent_at_ms,
          waiting: await deliveriesOf.read(waiting.orderBy("notice_delivery.id").limit(limit)),
        };
      }),
    endTurn: (end) => session.change((trx) => endTurn(trx, end)),
    nextTurnMs: (channels) =>
      session.read(async (db) => {
        if (channels.length === 0) return null;
        const rows = await db
          .selectFrom("notice_recipient")
          .select(["due_at_ms", "busy_until_ms"])
          .where("channel", "in", channels)
          .where("disabled_at_ms", "is", null)
          .where("due_at_ms", "is not", null)
          .execute();
        const turns = rows.map((row) => Math.max(row.due_at_ms ?? 0, row.busy_until_ms));
        return turns.length === 0 ? null : Math.min(...turns);
      }),
  };
}

async function endTurn(trx: Transaction<Tables>, end: TurnEnd): Promise<void> {
  for (const { id, status, dueAtMs, error, atMs } of end.results)
    await trx
      .updateTable("notice_delivery")
      .set(({ eb }) => ({
        status,
        error,
        due_at_ms: dueAtMs,
        settled_at_ms: status === "waiting" ? null : atMs,
        attempts: eb("attempts", "+", 1),
      }))
      .where("id", "=", id)
      .where("status", "=", "waiting")
      .execute();
  const next = await trx
    .selectFrom("notice_delivery")
    .select(({ fn }) => fn.min("due_at_ms").as("due"))
    .where("recipient_id", "=", end.recipient)
    .where("status", "=", "waiting")
    .executeTakeFirst();
  const dueAtMs = next?.due == null ? null : Math.max(Number(next.due), end.notBeforeMs);
  const sent = end.sentAtMs === null ? {} : { last_sent_at_ms: end.sentAtMs };
  const gone = end.disabledAtMs === null ? {} : { disabled_at_ms: end.disabledAtMs };
  await trx
    .updateTable("notice_recipient")
    .set({ ...sent, ...gone, due_at_ms: dueAtMs, busy_until_ms: 0 })
    .where("id", "=", end.recipient)
    .where("turn", "=", end.number)
    .execute();
}
