import { EvergrantError } from "@evergrant/core";
import type { ConnectionStore, StoredConnection } from "../../ports/connection-store.ts";
import { isOnlyLookedAt } from "../only-looked-at.ts";
import { epochRow } from "./epoch-row.ts";
import { jsonColumn } from "./json-column.ts";
import { isAfter } from "./list-place.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { ConnectionTable } from "./tables.ts";

/** Connections; their disablings and removals raise the epoch, and a removal takes its permissions along. */
export function connectionRows(session: SqlSession, write: WriteRecords): ConnectionStore {
  return {
    list: () =>
      session.read(async (db) => {
        const all = db.selectFrom("connection").selectAll().orderBy("created_at_ms").orderBy("id");
        return (await all.execute()).map(connectionOf);
      }),
    page: (after, limit) =>
      session.read(async (db) => {
        const all = db.selectFrom("connection").selectAll().orderBy("created_at_ms").orderBy("id").limit(limit);
        const left = after === null ? all : all.where(isAfter("created_at_ms", after));
        return (await left.execute()).map(connectionOf);
      }),
    find: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("connection").selectAll().where("id", "=", id).executeTakeFirst();
        return row && connectionOf(row);
      }),
    findByName: (name) =>
      session.read(async (db) => {
        const row = await db.selectFrom("connection").selectAll().where("name", "=", name).executeTakeFirst();
        return row && connectionOf(row);
      }),
    ofGrant: (grant) =>
      session.read(async (db) => {
        const its = db.selectFrom("connection").selectAll().where("grant_id", "=", grant);
        return (await its.orderBy("created_at_ms").orderBy("id").execute()).map(connectionOf);
      }),
    create: (connection, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("connection")
          .values(rowOf(connection))
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "name-taken";
        await epochRow.raise(trx, session.facts);
        await write(trx, records);
        return "created";
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        const found = trx.selectFrom("connection").selectAll().where("id", "=", id);
        const row = await session.facts.lockRows(found).executeTakeFirst();
        if (row === undefined) return false;
        const before = connectionOf(row);
        const decided = decide(before);
        if (decided === null) return true;
        const { id: _id, name, ...set } = rowOf(decided.connection);
        if (name !== row.name) {
          const namesake = trx.selectFrom("connection").select("id").where("name", "=", name);
          if ((await namesake.executeTakeFirst()) !== undefined) throw new EvergrantError("name_taken");
        }
        await trx
          .updateTable("connection")
          .set({ ...set, name })
          .where("id", "=", id)
          .execute();
        if (!isOnlyLookedAt(before, decided.connection)) await epochRow.raise(trx, session.facts);
        await write(trx, decided.records);
        return true;
      }),
    remove: (id, records) =>
      session.change(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom("connection").where("id", "=", id).executeTakeFirstOrThrow();
        if (numDeletedRows !== 1n) return false;
        await trx.deleteFrom("permission").where("connection_id", "=", id).execute();
        await epochRow.raise(trx, session.facts);
        await write(trx, records);
        return true;
      }),
  };
}

function rowOf(connection: StoredConnection): ConnectionTable {
  return {
    id: connection.id,
    name: connection.name,
    app_id: connection.app,
    grant_id: connection.grant,
    tenants: jsonColumn.write(connection.tenants),
    expected_tenant: connection.expectedTenant,
    consent_epoch: connection.consentEpoch,
    disabled_at_ms: connection.disabledAtMs,
    created_at_ms: connection.createdAtMs,
    health_checked_at_ms: connection.healthCheckedAtMs,
    warm: connection.warm === undefined ? null : jsonColumn.write(connection.warm),
    also_reached: connection.alsoReached === undefined ? null : jsonColumn.write(connection.alsoReached),
  };
}

function connectionOf(row: ConnectionTable): StoredConnection {
  return {
    id: row.id,
    name: row.name,
    app: row.app_id,
    grant: row.grant_id,
    tenants: jsonColumn.read(row.tenants),
    expectedTenant: row.expected_tenant,
    consentEpoch: row.consent_epoch,
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
    healthCheckedAtMs: row.health_checked_at_ms,
    ...(row.warm === null ? {} : { warm: jsonColumn.read(row.warm) }),
    ...(row.also_reached === null ? {} : { alsoReached: jsonColumn.read(row.also_reached) }),
  };
}
