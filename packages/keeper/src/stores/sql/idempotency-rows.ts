import { NO_DATA_KEY } from "../../ports/grant-store.ts";
import type { IdempotencyStore, StoredCreate } from "../../ports/idempotency-store.ts";
import type { Sealed } from "../../ports/sealer.ts";
import { jsonColumn } from "./json-column.ts";
import type { IdempotentCreateTable } from "./operator-tables.ts";
import { type SqlSession, WriteConflict } from "./sql-session.ts";

const GONE = { data_key: NO_DATA_KEY, answer: "" as Sealed } as const;

/** Creates that may be repeated: the insert itself is what lets one of two begin. */
export function idempotencyRows(session: SqlSession): IdempotencyStore {
  return {
    claim: ({ key, requestMac, startedAtMs, connections }) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("idempotent_create")
          .values({
            ...{ key, request_mac: requestMac, started_at_ms: startedAtMs, data_key: null, answer: null },
            connections: jsonColumn.write(connections),
          })
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
          .where("data_key", "is", null)
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
    eraseAnswers: (connections) =>
      session.change(async (trx) => {
        for (const name of connections) {
          const about = trx.updateTable("idempotent_create").set(GONE);
          // As JSON writes it: no name holds a quote or a wildcard.
          await about.where("connections", "like", `%${JSON.stringify(name)}%`).execute();
        }
      }),
  };
}

function createOf(row: IdempotentCreateTable): StoredCreate {
  const { key, request_mac: requestMac, started_at_ms: startedAtMs, connections } = row;
  return { key, requestMac, startedAtMs, connections: jsonColumn.read(connections), answer: answerOf(row) };
}

function answerOf({ data_key: dataKey, answer: sealed }: IdempotentCreateTable): StoredCreate["answer"] {
  if (dataKey === null || sealed === null) return null;
  return dataKey === NO_DATA_KEY ? "erased" : { dataKey, sealed };
}
