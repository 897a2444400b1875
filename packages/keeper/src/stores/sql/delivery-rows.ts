import type { Kysely } from "kysely";
import type { Delivery, NoticeStore } from "../../ports/notice-store.ts";
import { noticeOf } from "./audit-rows.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** What is on its way, what became of it, and sending it once more. */
export function deliveryRows(
  session: SqlSession,
  write: WriteRecords,
): Pick<NoticeStore, "deliveries" | "replay" | "counts" | "forgetBefore"> {
  return {
    deliveries: (status, limit, beforeId) =>
      session.read(async (db) => {
        const all = deliveriesOf(db).orderBy("notice_delivery.id", "desc").limit(limit);
        const left = beforeId === undefined ? all : all.where("notice_delivery.id", "<", beforeId);
        return await deliveriesOf.read(status === null ? left : left.where("status", "=", status));
      }),
    replay: (ids, nowMs, records) =>
      session.change(async (trx) => {
        if (ids.length === 0) return 0;
        const again = {
          status: "waiting",
          since_ms: nowMs,
          due_at_ms: nowMs,
          error: null,
          settled_at_ms: null,
        } as const;
        const { numUpdatedRows } = await trx
          .updateTable("notice_delivery")
          .set({ ...again, attempts: 0 })
          .where("id", "in", ids)
          .where("status", "!=", "waiting")
          .executeTakeFirstOrThrow();
        const whose = trx.selectFrom("notice_delivery").select("recipient_id").where("id", "in", ids);
        await trx.updateTable("notice_recipient").set({ due_at_ms: nowMs }).where("id", "in", whose).execute();
        await write(trx, records);
        return Number(numUpdatedRows);
      }),
    counts: () =>
      session.read(async (db) => {
        const count = async (status: Delivery["status"]) => {
          const rows = db.selectFrom("notice_delivery").where("status", "=", status);
          const counted = rows.select(({ fn }) => [fn.countAll().as("count"), fn.min("since_ms").as("since")]);
          const { count, since } = await counted.executeTakeFirstOrThrow();
          return { count: Number(count), sinceMs: since === null ? null : Number(since) };
        };
        const outbox = db.selectFrom("outbox").where("delivered_at_ms", "is", null);
        const undistributed = await outbox.select(({ fn }) => fn.countAll().as("count")).executeTakeFirstOrThrow();
        const waiting = await count("waiting");
        return {
          undistributed: Number(undistributed.count),
          waiting: waiting.count,
          dead: (await count("dead")).count,
          oldestWaitingSinceMs: waiting.sinceMs,
        };
      }),
    forgetBefore: (atMs) =>
      session.change(async (trx) => {
        await trx.deleteFrom("notice_delivery").where("settled_at_ms", "<", atMs).execute();
        await trx
          .deleteFrom("outbox")
          .where("delivered_at_ms", "<", atMs)
          .where("sequence", "not in", trx.selectFrom("notice_delivery").select("sequence"))
          .execute();
      }),
  };
}

/** Deliveries with their notices. */
export function deliveriesOf(db: Kysely<Tables>) {
  return db
    .selectFrom("notice_delivery")
    .innerJoin("outbox", "outbox.sequence", "notice_delivery.sequence")
    .selectAll("outbox")
    .select([
      "notice_delivery.id as id",
      "recipient_id",
      "told",
      "status",
      "attempts",
      "since_ms",
      "due_at_ms",
      "error",
      "settled_at_ms",
    ]);
}

deliveriesOf.read = async (query: ReturnType<typeof deliveriesOf>): Promise<readonly Delivery[]> =>
  (await query.execute()).map((row) => ({
    id: row.id,
    recipient: row.recipient_id,
    notice: noticeOf(row),
    told: row.told,
    status: row.status,
    attempts: row.attempts,
    sinceMs: row.since_ms,
    dueAtMs: row.due_at_ms,
    error: row.error,
    settledAtMs: row.settled_at_ms,
  }));
