import type { Matter } from "@evergrant/core";
import type { Transaction } from "kysely";
import type { Distribution, NoticeStore } from "../../ports/notice-store.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

type Work = {
  readonly notices: Parameters<NoticeStore["distribute"]>[0];
  readonly decide: Parameters<NoticeStore["distribute"]>[1];
  readonly nowMs: number;
};

/** Takes notices out of the outbox into deliveries; one node at a time, so that each sees what stands after the one before. */
export function distribute(session: SqlSession, { notices, decide, nowMs }: Work): Promise<number> {
  return session.change(async (trx) => {
    if (!(await holdsDistribution(trx, session))) return 0;
    let taken = 0;
    for (const { sequence, groups } of notices) {
      const { numUpdatedRows } = await trx
        .updateTable("outbox")
        .set({ delivered_at_ms: nowMs })
        .where("sequence", "=", sequence)
        .where("delivered_at_ms", "is", null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) continue;
      await put(trx, sequence, { ...decide(sequence, await openMatters(trx, groups)), nowMs });
      taken += 1;
    }
    return taken;
  });
}

async function holdsDistribution(trx: Transaction<Tables>, { facts }: SqlSession): Promise<boolean> {
  const row = facts.skipLocked(trx.selectFrom("counter").select("value").where("name", "=", "distribution"));
  if ((await row.executeTakeFirst()) !== undefined) return true;
  // Held by another, or not there yet: whoever makes it goes on the next time.
  await trx
    .insertInto("counter")
    .values({ name: "distribution", value: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await row.executeTakeFirst()) !== undefined;
}

async function openMatters(trx: Transaction<Tables>, groups: readonly string[]): Promise<readonly Matter[]> {
  if (groups.length === 0) return [];
  const rows = await trx.selectFrom("notice_matter").selectAll().where("group", "in", groups).execute();
  return rows.map(({ key, group, opened_at_ms: openedAtMs }) => ({ key, group, openedAtMs }));
}

async function put(
  trx: Transaction<Tables>,
  sequence: number,
  { tell, recipients, opens, closes, nowMs }: Distribution & { readonly nowMs: number },
): Promise<void> {
  if (closes.length > 0) await trx.deleteFrom("notice_matter").where("key", "in", closes).execute();
  if (opens !== null)
    await trx
      .insertInto("notice_matter")
      .values({ key: opens.key, group: opens.group, opened_at_ms: opens.openedAtMs })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  if (tell === null) return;
  const waiting = { sequence, told: tell, status: "waiting", attempts: 0, error: null, settled_at_ms: null } as const;
  for (const recipient of recipients) {
    await trx
      .insertInto("notice_delivery")
      .values({ ...waiting, recipient_id: recipient, since_ms: nowMs, due_at_ms: nowMs })
      .execute();
    await trx
      .updateTable("notice_recipient")
      .set({ due_at_ms: nowMs })
      .where("id", "=", recipient)
      .where((eb) => eb.or([eb("due_at_ms", "is", null), eb("due_at_ms", ">", nowMs)]))
      .execute();
  }
}
