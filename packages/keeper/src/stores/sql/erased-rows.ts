import type { GrantStore } from "../../ports/grant-store.ts";
import { NO_DATA_KEY } from "../../ports/grant-store.ts";
import type { Sealed } from "../../ports/sealer.ts";
import { jsonColumn } from "./json-column.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";

const GONE = "" as Sealed;

/** The end of grants for good, and what is left of them. */
export function erasedRows(
  session: SqlSession,
  write: WriteRecords,
): Pick<GrantStore, "erase" | "erasedSince" | "versionsOf"> {
  return {
    erase: (id, { atMs, state }, records) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("grant")
          .set({
            state: jsonColumn.write(state),
            chain_id: null,
            generation: 0,
            lease_owner: null,
            lease_until_ms: 0,
            due_at_ms: null,
          })
          .set({ subject: null, data_key: NO_DATA_KEY, erased_at_ms: atMs })
          .where("id", "=", id)
          .where("erased_at_ms", "is", null)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) return false;
        await trx
          .updateTable("token_version")
          .set({ access_token: GONE, scope: null })
          .where("grant_id", "=", id)
          .execute();
        const refresh = trx.updateTable("token_version").set({ refresh_token: GONE }).where("grant_id", "=", id);
        await refresh.where("refresh_token", "is not", null).execute();
        await write(trx, records);
        return true;
      }),
    erasedSince: (sinceMs, limit) =>
      session.read(async (db) => {
        const erased = db.selectFrom("grant").select(["id", "erased_at_ms"]).where("erased_at_ms", ">=", sinceMs);
        const rows = await erased.orderBy("erased_at_ms").orderBy("id").limit(limit).execute();
        return rows.flatMap(({ id, erased_at_ms: atMs }) => (atMs === null ? [] : [{ id, atMs }]));
      }),
    versionsOf: (grant) =>
      session.read(async (db) => {
        const its = db.selectFrom("token_version").select(["id", "chain_id"]).where("grant_id", "=", grant);
        return (await its.orderBy("id").execute()).map(({ id, chain_id: chain }) => ({ id, chain }));
      }),
  };
}
