import type { IdempotencyStore, StoredCreate } from "../../ports/idempotency-store.ts";
import type { IdempotentCreateTable } from "./operator-tables.ts";
import { type SqlSession, WriteConflict } from "./sql-session.ts";

/** Creates that may be repeated: the insert itself is what lets one of two begin. */
export function idempotencyRows(session: SqlSession): IdempotencyStore {
  return {
    claim: ({ key, requestMac, startedAtMs }) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("idempotent_create")
          .values({ key, request_mac: requestMac, started_at_ms: startedAtMs, data_key: null, answer: null })
          .onConflict((conflict) => conflict.column("key").doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return "claimed";
        const row = await trx.selectFrom("idempotent_create").selectAll().where("key", "=", key).executeTakeFirst();
        // Given back between the two statements: whoever asks again is first.
        if (row === undefined) throw new WriteConflict("idempotency key");
        return createOf(row);
      }),
    finish: (key, { dataKey, sealed }) =>
      session.change(async (trx) => {
        await trx
          .updateTable("idempotent_create")
          .set({ data_key: dataKey, answer: sealed })
          .where("key", "=", key)
          .execute();
      }),
    release: (key) =>
      session.change(async (trx) => {
        await trx.deleteFrom("idempotent_create").where("key", "=", key).where("answer", "is", null).execute();
      }),
    forget: (startedBeforeMs) =>
      session.change(async (trx) => {
        await trx.deleteFrom("idempotent_create").where("started_at_ms", "<", startedBeforeMs).execute();
      }),
  };
}

function createOf({ key, request_mac, started_at_ms, data_key, answer }: IdempotentCreateTable): StoredCreate {
  return {
    ...{ key, requestMac: request_mac, startedAtMs: started_at_ms },
    answer: data_key === null || answer === null ? null : { dataKey: data_key, sealed: answer },
  };
}
