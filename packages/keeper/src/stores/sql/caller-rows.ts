import { EvergrantError } from "@evergrant/core";
import {
  type CallerAuthentication,
  type CallerSecret,
  type CallerStore,
  type CallerUse,
  type Permission,
  SECRET_ALONE,
  type StoredCaller,
} from "../../ports/caller-store.ts";
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
    noteUses: (uses) =>
      session.change(async (trx) => {
        // In one order, so that two nodes never wait for each other.
        for (const { caller, credential, atMs } of uses.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)))
          await trx
            .insertInto("caller_use")
            .values({ caller_id: caller, credential, used_at_ms: atMs })
            .onConflict((conflict) =>
              conflict
                .columns(["caller_id", "credential"])
                .doUpdateSet({ used_at_ms: atMs })
                .where("caller_use.used_at_ms", "<", atMs),
            )
            .execute();
      }),
    uses: () =>
      session.read(async (db) => {
        const rows = await db.selectFrom("caller_use").selectAll().execute();
        return rows.map((row) => ({ caller: row.caller_id, credential: row.credential, atMs: row.used_at_ms }));
      }),
    epoch: () => session.read(epochRow.read),
  };
}

const keyOf = ({ caller, credential }: CallerUse): string => `${caller} ${credential}`;

/** What stands in `authentication`; absent where a caller has secrets alone and may call from anywhere. */
interface KeptAuthentication extends CallerAuthentication {
  readonly secrets: readonly CallerSecret[];
}

function rowOf(caller: StoredCaller): CallerTable {
  return {
    id: caller.id,
    name: caller.name,
    ...kept(caller),
    disabled_at_ms: caller.disabledAtMs,
    created_at_ms: caller.createdAtMs,
  };
}

// A program that knows nothing of networks would take these secrets from anywhere: it does not find them.
function kept({ secrets, authentication }: StoredCaller): Pick<CallerTable, "secrets" | "authentication"> {
  const { keys, workloads, networks, requestsPerMinute } = authentication;
  if (keys === null && workloads.length === 0 && networks === null && requestsPerMinute === null)
    return { secrets: jsonColumn.write(secrets), authentication: null };
  const [before, beside] = networks === null ? [secrets, []] : [[], secrets];
  const all: KeptAuthentication = { secrets: beside, keys, workloads, networks, requestsPerMinute };
  return { secrets: jsonColumn.write(before), authentication: jsonColumn.write(all) };
}

function callerOf(row: CallerTable, permissions: readonly Permission[]): StoredCaller {
  const all = row.authentication === null ? null : jsonColumn.read<KeptAuthentication>(row.authentication);
  const { secrets, ...authentication } = all ?? { ...SECRET_ALONE, secrets: [] };
  return {
    id: row.id,
    name: row.name,
    secrets: [...jsonColumn.read<readonly CallerSecret[]>(row.secrets), ...secrets],
    authentication,
    permissions,
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
  };
}
