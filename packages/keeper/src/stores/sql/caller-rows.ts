import { EvergrantError } from "@evergrant/core";
import type { CallerStore, Permission, StoredCaller } from "../../ports/caller-store.ts";
import { epochRow } from "./epoch-row.ts";
import { jsonColumn } from "./json-column.ts";
import { permissionRows } from "./permission-rows.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { CallerTable } from "./tables.ts";

/** Callers with their permissions; every change raises the epoch. */
export function callerRows(session: SqlSession, write: WriteRecords): CallerStore {
  return {
    list: () =>
      session.read(async (db) => {
        const callers = await db.selectFrom("caller").selectAll().orderBy("created_at_ms").orderBy("id").execute();
        const permissions = await permissionRows.all(db);
        return callers.map((row) => callerOf(row, permissions.get(row.id) ?? []));
      }),
    find: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("caller").selectAll().where("id", "=", id).executeTakeFirst();
        return row && callerOf(row, await permissionRows.of(db, id));
      }),
    create: (caller, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("caller")
          .values(rowOf(caller))
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "name-taken";
        await permissionRows.insert(trx, caller.id, caller.permissions);
        await epochRow.raise(trx, session.facts);
        await write(trx, records);
        return "created";
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        const found = trx.selectFrom("caller").selectAll().where("id", "=", id);
        const row = await session.facts.lockRows(found).executeTakeFirst();
        if (row === undefined) return false;
        const decided = decide(callerOf(row, await permissionRows.of(trx, id)));
        if (decided === null) return true;
        const { id: _id, name, ...set } = rowOf(decided.caller);
        if (name !== row.name) {
          const namesake = trx.selectFrom("caller").select("id").where("name", "=", name);
          if ((await namesake.executeTakeFirst()) !== undefined) throw new EvergrantError("name_taken");
        }
        await trx
          .updateTable("caller")
          .set({ ...set, name })
          .where("id", "=", id)
          .execute();
        await permissionRows.remove(trx, id);
        await permissionRows.insert(trx, id, decided.caller.permissions);
        await epochRow.raise(trx, session.facts);
        await write(trx, decided.records);
        return true;
      }),
    epoch: () => session.read(epochRow.read),
  };
}

function rowOf(caller: StoredCaller): CallerTable {
  return {
    id: caller.id,
    name: caller.name,
    secrets: jsonColumn.write(caller.secrets),
    disabled_at_ms: caller.disabledAtMs,
    created_at_ms: caller.createdAtMs,
  };
}

function callerOf(row: CallerTable, permissions: readonly Permission[]): StoredCaller {
  return {
    id: row.id,
    name: row.name,
    secrets: jsonColumn.read(row.secrets),
    permissions,
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
  };
}
