import type { CallerId } from "@evergrant/core";
import type { Kysely, Transaction } from "kysely";
import type { Permission } from "../../ports/caller-store.ts";
import { jsonColumn } from "./json-column.ts";
import type { NarrowedPermissionTable, Tables } from "./tables.ts";

type Row = Tables["permission"] | NarrowedPermissionTable;

/** What callers may do: two tables, one order. */
export const permissionRows = {
  async all(db: Kysely<Tables>): Promise<ReadonlyMap<CallerId, readonly Permission[]>> {
    const whole = await db.selectFrom("permission").selectAll().execute();
    const narrowed = await db.selectFrom("narrowed_permission").selectAll().execute();
    const byCaller = Map.groupBy<CallerId, Row>([...whole, ...narrowed], (row) => row.caller_id);
    return new Map([...byCaller].map(([caller, rows]) => [caller, inOrder(rows)]));
  },

  async of(db: Kysely<Tables>, id: CallerId): Promise<readonly Permission[]> {
    const whole = await db.selectFrom("permission").selectAll().where("caller_id", "=", id).execute();
    const narrowed = await db.selectFrom("narrowed_permission").selectAll().where("caller_id", "=", id).execute();
    return inOrder([...whole, ...narrowed]);
  },

  async insert(trx: Transaction<Tables>, id: CallerId, permissions: readonly Permission[]): Promise<void> {
    for (const [position, { connection, right, only }] of permissions.entries()) {
      const place = { caller_id: id, position, connection_id: connection };
      if (only === undefined)
        await trx
          .insertInto("permission")
          .values({ ...place, right })
          .execute();
      else
        await trx
          .insertInto("narrowed_permission")
          .values({ ...place, narrowing: jsonColumn.write(only) })
          .execute();
    }
  },

  async remove(trx: Transaction<Tables>, id: CallerId): Promise<void> {
    await trx.deleteFrom("permission").where("caller_id", "=", id).execute();
    await trx.deleteFrom("narrowed_permission").where("caller_id", "=", id).execute();
  },
};

function inOrder(rows: readonly Row[]): readonly Permission[] {
  return rows.toSorted((a, b) => a.position - b.position).map(permissionOf);
}

function permissionOf(row: Row): Permission {
  const connection = row.connection_id;
  if ("right" in row) return { connection, right: row.right };
  return { connection, right: "gateway", only: jsonColumn.read(row.narrowing) };
}
