import type { AppId } from "@evergrant/core";
import type { AppStore, StoredApp } from "../../ports/app-store.ts";
import type { Records } from "../../ports/records.ts";
import { epochRow } from "./epoch-row.ts";
import { jsonColumn } from "./json-column.ts";
import { isAfter } from "./list-place.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** Our OAuth clients at providers; new scopes, client secrets and what was learned of the provider raise the epoch. */
export function appRows(session: SqlSession, write: WriteRecords): AppStore {
  const replace = (id: AppId, set: Partial<Pick<Tables["app"], "scopes" | "client_secrets">>, records: Records) =>
    session.change(async (trx) => {
      const { numUpdatedRows } = await trx.updateTable("app").set(set).where("id", "=", id).executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) return "unknown";
      await epochRow.raise(trx, session.facts);
      await write(trx, records);
      return "done";
    });
  return {
    list: () =>
      session.read(async (db) => {
        const all = db.selectFrom("app").selectAll().orderBy("created_at_ms").orderBy("id");
        return (await all.execute()).map(appOf);
      }),
    page: (after, limit) =>
      session.read(async (db) => {
        const all = db.selectFrom("app").selectAll().orderBy("created_at_ms").orderBy("id").limit(limit);
        const left = after === null ? all : all.where(isAfter("created_at_ms", after));
        return (await left.execute()).map(appOf);
      }),
    find: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("app").selectAll().where("id", "=", id).executeTakeFirst();
        return row && appOf(row);
      }),
    findByName: (name) =>
      session.read(async (db) => {
        const row = await db.selectFrom("app").selectAll().where("name", "=", name).executeTakeFirst();
        return row && appOf(row);
      }),
    create: (app, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("app")
          .values(rowOf(app))
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "name-taken";
        await write(trx, records);
        return "created";
      }),
    replaceScopes: (id, scopes, records) => replace(id, { scopes: jsonColumn.write(scopes) }, records),
    replaceSecrets: (id, secrets, records) => replace(id, { client_secrets: jsonColumn.write(secrets) }, records),
    learnOldAccessToken: (id, seen, records) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("app")
          .set({ old_access_token: seen })
          .where("id", "=", id)
          .where("old_access_token", "is", null)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) {
          const known = await trx.selectFrom("app").select("id").where("id", "=", id).executeTakeFirst();
          return known === undefined ? "unknown" : "known";
        }
        await epochRow.raise(trx, session.facts);
        await write(trx, records);
        return "done";
      }),
  };
}

function rowOf(app: StoredApp): Tables["app"] {
  return {
    id: app.id,
    name: app.name,
    provider: app.provider,
    client_id: app.clientId,
    data_key: app.dataKey,
    client_secrets: jsonColumn.write(app.clientSecrets),
    scopes: jsonColumn.write(app.scopes),
    origins: app.origins === null ? null : jsonColumn.write(app.origins),
    created_at_ms: app.createdAtMs,
    old_access_token: app.oldAccessToken ?? null,
  };
}

function appOf(row: Tables["app"]): StoredApp {
  return {
    id: row.id,
    name: row.name,
    provider: row.provider,
    clientId: row.client_id,
    dataKey: row.data_key,
    clientSecrets: jsonColumn.read(row.client_secrets),
    scopes: jsonColumn.read(row.scopes),
    origins: row.origins === null ? null : jsonColumn.read(row.origins),
    createdAtMs: row.created_at_ms,
    ...(row.old_access_token === null ? {} : { oldAccessToken: row.old_access_token }),
  };
}
