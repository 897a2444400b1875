import type { OperatorIdentity, OperatorKey, OperatorStore, StoredOperator } from "../../ports/operator-store.ts";
import { jsonColumn } from "./json-column.ts";
import type { OperatorTable } from "./operator-tables.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";

/** Operators: few, so that a change reads them all and no two changes decide beside each other. */
export function operatorRows(session: SqlSession, write: WriteRecords): OperatorStore {
  return {
    list: () =>
      session.read(async (db) => {
        const rows = await db.selectFrom("operator").selectAll().orderBy("created_at_ms").orderBy("id").execute();
        return rows.map(operatorOf);
      }),
    create: (operator, records) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("operator")
          .values(rowOf(operator))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return "taken";
        await write(trx, records);
        return "created";
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        // All of them are locked, in one order: who is the last admin cannot be decided of one row.
        const all = session.facts.lockRows(trx.selectFrom("operator").selectAll().orderBy("id"));
        const operators = (await all.execute()).map(operatorOf);
        const operator = operators.find((each) => each.id === id);
        if (operator === undefined) return false;
        const others = operators.filter((each) => each !== operator);
        const decided = decide(operator, others);
        if (decided === null) return true;
        const { id: _id, name: _name, ...set } = rowOf(decided.operator);
        await trx.updateTable("operator").set(set).where("id", "=", id).execute();
        await write(trx, decided.records);
        return true;
      }),
    noteUse: ({ operator, credential, atMs }) =>
      session.change(async (trx) => {
        await trx
          .insertInto("operator_use")
          .values({ operator_id: operator, credential, used_at_ms: atMs })
          .onConflict((conflict) =>
            conflict
              .columns(["operator_id", "credential"])
              .doUpdateSet({ used_at_ms: atMs })
              .where("operator_use.used_at_ms", "<", atMs),
          )
          .execute();
      }),
    uses: () =>
      session.read(async (db) => {
        const rows = await db.selectFrom("operator_use").selectAll().execute();
        return rows.map((row) => ({ operator: row.operator_id, credential: row.credential, atMs: row.used_at_ms }));
      }),
  };
}

function rowOf(operator: StoredOperator): OperatorTable {
  return {
    id: operator.id,
    name: operator.name,
    role: operator.role,
    keys: jsonColumn.write(operator.keys),
    identity: operator.identity === null ? null : jsonColumn.write(operator.identity),
    disabled_at_ms: operator.disabledAtMs,
    created_at_ms: operator.createdAtMs,
  };
}

function operatorOf(row: OperatorTable): StoredOperator {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    keys: jsonColumn.read<readonly OperatorKey[]>(row.keys),
    identity: row.identity === null ? null : jsonColumn.read<OperatorIdentity>(row.identity),
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
  };
}
