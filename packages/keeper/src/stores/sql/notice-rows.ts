import type { RecipientId } from "@evergrant/core";
import type { Transaction } from "kysely";
import type { NoticeStore, StoredRecipient } from "../../ports/notice-store.ts";
import { deliveryRows } from "./delivery-rows.ts";
import { distribute } from "./distribution.ts";
import { recipientOf, recipientRowOf } from "./recipient-row.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";
import { turnRows } from "./turn-rows.ts";

/** Recipients, and by `deliveryRows` and `turnRows` what goes to them. */
export function noticeRows(session: SqlSession, write: WriteRecords): NoticeStore {
  return {
    recipients: () =>
      session.read(async (db) => {
        const all = db.selectFrom("notice_recipient").selectAll().orderBy("created_at_ms").orderBy("id");
        return (await all.execute()).map(recipientOf);
      }),
    createRecipient: (recipient, records) =>
      session.change(async (trx) => {
        if (await isThere(trx, recipient)) return "exists";
        const turns = { due_at_ms: null, busy_until_ms: 0, turn: 0, last_sent_at_ms: null };
        await trx
          .insertInto("notice_recipient")
          .values({ ...recipientRowOf(recipient), ...turns })
          .execute();
        await write(trx, records);
        return "created";
      }),
    changeRecipient: (id, decide) =>
      session.change(async (trx) => {
        const found = trx.selectFrom("notice_recipient").selectAll().where("id", "=", id);
        const row = await session.facts.lockRows(found).executeTakeFirst();
        if (row === undefined) return undefined;
        const { recipient, records } = decide(recipientOf(row));
        const { id: _id, ...set } = recipientRowOf(recipient);
        await trx.updateTable("notice_recipient").set(set).where("id", "=", id).execute();
        await write(trx, records);
        return recipient;
      }),
    removeRecipient: (id, records) =>
      session.change(async (trx) => {
        if (!(await removed(trx, id))) return false;
        await write(trx, records);
        return true;
      }),
    distribute: (notices, decide, nowMs) => distribute(session, { notices, decide, nowMs }),
    ...turnRows(session),
    ...deliveryRows(session, write),
  };
}

async function isThere(trx: Transaction<Tables>, { channel, address, connection }: StoredRecipient): Promise<boolean> {
  const namesake = trx
    .selectFrom("notice_recipient")
    .select("id")
    .where("channel", "=", channel)
    .where("address", "=", address)
    .where("connection_id", connection === null ? "is" : "=", connection);
  return (await namesake.executeTakeFirst()) !== undefined;
}

async function removed(trx: Transaction<Tables>, id: RecipientId): Promise<boolean> {
  const { numDeletedRows } = await trx.deleteFrom("notice_recipient").where("id", "=", id).executeTakeFirstOrThrow();
  await trx.deleteFrom("notice_delivery").where("recipient_id", "=", id).execute();
  return numDeletedRows === 1n;
}
