import { type CallerId, EvergrantError } from "@evergrant/core";
import type { Kysely, Transaction } from "kysely";
import type { CallerStore, Permission, StoredCaller } from "../../ports/caller-store.ts";
import { epochRow } from "./epoch-row.ts";
import { jsonColumn } from "./json-column.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { CallerTable, Tables } from "./tables.ts";

/** Callers with their permissions; every change raises the epoch. */
export function callerRows(session: SqlSession, write: WriteRecords): CallerStore {
  return {
    list: () =>
      session.read(async (db) => {
        const callers = await db.selectFrom("caller").selectAll().orderBy("created_at_ms").orderBy("id").execute();
        const permissions = await db.selectFrom("permission").selectAll().orderBy("position").execute();
        const byCaller = Map.groupBy(permissions, (row) => row.caller_id);
        return callers.map((row) => callerOf(row, (byCaller.get(row.id) ?? []).map(permissionOf)));
      }),
    find: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("caller").selectAll().where("id", "=", id).executeTakeFirst();
        return row && callerOf(row, await permissionsOf(db, id));
      }),
    create: (caller, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("caller")
          .values(rowOf(caller))
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "name-taken";
        await insertPermissions(trx, caller.id, caller.permissions);
        await epochRow.raise(trx, session.facts);
        await write(trx, records);
        return "created";
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        const found = trx.selectFrom("caller").selectAll().where("id", "=", id);
        const row = await session.facts.lockRows(found).executeTakeFirst();
        if (row === undefined) return false;
        const decided = decide(callerOf(row, await permissionsOf(trx, id)));
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
        await trx.deleteFrom("permission").where("caller_id", "=", id).execute();
        await insertPermissions(trx, id, decided.caller.permissions);
        await epochRow.raise(trx, session.facts);
        await write(trx, decided.records);
        return true;
      }),
    epoch: () => session.read(epochRow.read),
  };
}

async function permissionsOf(db: Kysely<Tables>, id: CallerId): Promise<readonly Permission[]> {
  const rows = await db.selectFrom("permission").selectAll().where("caller_id", "=", id).orderBy("position").execute();
  return rows.map(permissionOf);
}

async function insertPermissions(
  trx: Transaction<Tables>,
  id: CallerId,
  permissions: readonly Permission[],
): Promise<void> {
  for (const [position, { connection, right }] of permissions.entries())
    await trx.insertInto("permission").values({ caller_id: id, position, connection_id: connection, right }).execute();
}

function permissionOf(row: Tables["permission"]): Permission {
  return { connection: row.connection_id, right: row.right };
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
