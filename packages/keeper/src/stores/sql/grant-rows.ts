import { chainOf, type GrantId } from "@evergrant/core";
import type { Insertable, Selectable, Transaction } from "kysely";
import type { GrantChange, GrantStore, StoredGrant } from "../../ports/grant-store.ts";
import { erasedRows } from "./erased-rows.ts";
import { jsonColumn } from "./json-column.ts";
import type { WriteRecords } from "./record-rows.ts";
import { type SqlSession, WriteConflict } from "./sql-session.ts";
import type { GrantTable, Tables } from "./tables.ts";
import { insertTokens, tokenRows } from "./token-rows.ts";

/** Grants, their leases and, by `tokenRows`, their tokens. */
export function grantRows(session: SqlSession, write: WriteRecords): GrantStore {
  const { facts } = session;
  return {
    load: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("grant").selectAll().where("id", "=", id).executeTakeFirst();
        return row && grantOf(row);
      }),
    findBySubject: (app, subject) =>
      session.read(async (db) => {
        const row = await db
          .selectFrom("grant")
          .selectAll()
          .where("app_id", "=", app)
          .where("subject", "=", subject)
          .executeTakeFirst();
        return row && grantOf(row);
      }),
    create: (grant, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("grant")
          .values(rowOf(grant))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "exists";
        await write(trx, records);
        return "created";
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        const row = await facts.lockRows(trx.selectFrom("grant").selectAll().where("id", "=", id)).executeTakeFirst();
        if (row === undefined) return undefined;
        const { change, result } = decide(grantOf(row), await facts.nowMs(trx));
        if (change !== null) {
          await applyChange(trx, row, change);
          await write(trx, change.records);
        }
        return result;
      }),
    due: (beforeMs, limit) =>
      session.read(async (db) => {
        const due = db.selectFrom("grant").select("id").where("due_at_ms", "<=", beforeMs);
        const rows = await due.orderBy("due_at_ms").orderBy("id").limit(limit).execute();
        return rows.map(({ id }): GrantId => id);
      }),
    claimDue: (beforeMs, limit, againAtMs) =>
      session.change(async (trx) => {
        const due = trx.selectFrom("grant").selectAll().where("due_at_ms", "<=", beforeMs);
        const rows = await facts.skipLocked(due.orderBy("due_at_ms").orderBy("id").limit(limit)).execute();
        const ids = rows.map(({ id }): GrantId => id);
        const scheduled = trx.selectFrom("grant").select("due_at_ms").where("due_at_ms", "is not", null);
        const others = ids.length === 0 ? scheduled : scheduled.where("id", "not in", ids);
        const next = await others.orderBy("due_at_ms").limit(1).executeTakeFirst();
        if (ids.length > 0)
          await trx.updateTable("grant").set({ due_at_ms: againAtMs }).where("id", "in", ids).execute();
        const grants = rows.map((row) => ({ ...grantOf(row), dueAtMs: againAtMs }));
        return { grants, nextDueMs: next?.due_at_ms ?? null };
      }),
    page: (after, limit) =>
      session.read(async (db) => {
        const all = db.selectFrom("grant").select("id").orderBy("id").limit(limit);
        const rows = await (after === null ? all : all.where("id", ">", after)).execute();
        return rows.map(({ id }): GrantId => id);
      }),
    ...tokenRows(session),
    ...erasedRows(session, write),
  };
}

async function applyChange(trx: Transaction<Tables>, read: Selectable<GrantTable>, change: GrantChange): Promise<void> {
  const before = grantOf(read);
  const after = rowOf({
    ...before,
    state: change.state ?? before.state,
    lease: change.lease ?? before.lease,
    dueAtMs: change.dueAtMs,
  });
  const { id, app_id: _app, subject: _subject, data_key: _dataKey, ...set } = after;
  // I3 monotone head: the row is locked already; should a database not keep that, a settle must still never overwrite one it did not see.
  const { numUpdatedRows } = await trx
    .updateTable("grant")
    .set(set)
    .where("id", "=", id)
    .where("chain_id", read.chain_id === null ? "is" : "=", read.chain_id)
    .where("generation", "=", read.generation)
    .where("fence", "=", read.fence)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new WriteConflict("grant");
  await insertTokens(trx, change.tokens);
}

function rowOf(grant: StoredGrant): Insertable<GrantTable> {
  const chain = chainOf(grant.state);
  return {
    id: grant.id,
    app_id: grant.app,
    subject: grant.subject,
    state: jsonColumn.write(grant.state),
    chain_id: chain?.id ?? null,
    generation: chain?.generation ?? 0,
    fence: grant.lease.fence,
    lease_owner: grant.lease.owner,
    lease_until_ms: grant.lease.untilMs,
    due_at_ms: grant.dueAtMs,
    data_key: grant.dataKey,
  };
}

function grantOf(row: Selectable<GrantTable>): StoredGrant {
  return {
    id: row.id,
    app: row.app_id,
    subject: row.subject,
    state: jsonColumn.read(row.state),
    lease: { fence: row.fence, owner: row.lease_owner, untilMs: row.lease_until_ms },
    dataKey: row.data_key,
    dueAtMs: row.due_at_ms,
  };
}
