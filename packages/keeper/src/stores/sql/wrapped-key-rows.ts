import { sql } from "kysely";
import type { WrappedKey } from "../../ports/sealer.ts";
import type { KeyOwner, WrappedKeyStore } from "../../ports/wrapped-key-store.ts";
import type { SqlSession } from "./sql-session.ts";

/** What names a row. */
const NAMED_BY: { readonly [Kind in KeyOwner]: "id" | "key" } = {
  ...{ grant: "id", app: "id", consent: "id", notice_recipient: "id" },
  idempotent_create: "key",
};

/** Data keys, wherever they stand. A destroyed one is none. */
export function wrappedKeyRows(session: SqlSession): WrappedKeyStore {
  return {
    notWrappedBy: (keyId, kind, { after, limit }) =>
      session.read(async (db) => {
        const owner = sql<string>`${sql.ref(NAMED_BY[kind])}`;
        const keys = db.selectFrom(kind).select([owner.as("owner"), sql<WrappedKey>`data_key`.as("dataKey")]);
        const others = keys.where(otherThan(keyId)).where(sql<boolean>`${owner} > ${after ?? ""}`);
        return await others.orderBy(owner).limit(limit).execute();
      }),
    replace: (kind, { owner, dataKey }, by) =>
      session.change(async (trx) => {
        const { numAffectedRows } = await sql`
          update ${sql.table(kind)} set data_key = ${by} where ${sql.ref(NAMED_BY[kind])} = ${owner} and data_key = ${dataKey}
        `.execute(trx);
        return numAffectedRows === 1n;
      }),
    countNotWrappedBy: (keyId, kind, atMost) =>
      session.read(async (db) => {
        const some = db.selectFrom(kind).select(sql`1`.as("one")).where(otherThan(keyId)).limit(atMost);
        const { rows } = await sql<{ n: number | string }>`select count(*) as n from ${some} as counted`.execute(db);
        return Number(rows[0]?.n ?? 0);
      }),
  };
}

// Compared by its first letters as they are: orders and patterns differ from one database's collation to the next.
function otherThan(keyId: string) {
  const prefix = `${keyId}.`;
  return sql<boolean>`data_key <> '' and substr(data_key, 1, ${sql.lit(prefix.length)}) <> ${prefix}`;
}
