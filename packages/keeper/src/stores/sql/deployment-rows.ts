import type { Kysely, Selectable } from "kysely";
import type { Deployment, DeploymentStore } from "../../ports/deployment-store.ts";
import { jsonColumn } from "./json-column.ts";
import { nodeOf } from "./node-rows.ts";
import type { WriteRecords } from "./record-rows.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** The one row that says which deployment this is. */
export function deploymentRows(session: SqlSession, write: WriteRecords): DeploymentStore {
  return {
    read: () => session.read(readDeployment),
    readWithNodes: () => session.read(readWithNodes),
    create: (deployment) =>
      session.change(async (trx) => {
        await trx
          .insertInto("deployment")
          .values({
            singleton: 1,
            id: deployment.id,
            incarnation: deployment.incarnation,
            key_check: deployment.keyCheck,
            created_at_ms: deployment.createdAtMs,
            operator_key_sha256: deployment.operatorKeySha256,
            quarantine: jsonOrNull(deployment.quarantine),
            released: jsonOrNull(deployment.released),
            primary_key: deployment.primaryKey ?? null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return (await readDeployment(trx)) ?? deployment;
      }),
    quarantine: (incarnation, found, records) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("deployment")
          .set({ quarantine: jsonColumn.write(found) })
          .where("incarnation", "=", incarnation)
          .where("quarantine", "is", null)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) return false;
        await write(trx, records);
        return true;
      }),
    setPrimaryKey: (from, to, records) =>
      session.change(async (trx) => {
        const named = trx.updateTable("deployment").set({ primary_key: to });
        const { numUpdatedRows } = await named
          .where("primary_key", from === null ? "is" : "=", from)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) return false;
        await write(trx, records);
        return true;
      }),
    replaceKeyCheck: (from, to) =>
      session.change(async (trx) => {
        const kept = trx.updateTable("deployment").set({ key_check: to }).where("key_check", "=", from);
        return (await kept.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
      }),
    release: ({ to, ...release }, records) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("deployment")
          .set({ incarnation: to, quarantine: null, released: jsonColumn.write(release) })
          .where("incarnation", "=", release.from)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) return false;
        await write(trx, records);
        return true;
      }),
  };
}

async function readDeployment(db: Kysely<Tables>): Promise<Deployment | undefined> {
  const row = await db.selectFrom("deployment").selectAll().executeTakeFirst();
  return row && deploymentOf(row);
}

// One statement, as it is asked before each request to a provider: a deployment has few nodes.
async function readWithNodes(db: Kysely<Tables>): ReturnType<DeploymentStore["readWithNodes"]> {
  const rows = await db
    .selectFrom("deployment")
    .leftJoin("node", (join) => join.onTrue())
    .selectAll("deployment")
    .select(["node.node", "node.incarnation as works_in", "node.journal_position", "node.written_at_ms"])
    .orderBy("node.node")
    .execute();
  const [first] = rows;
  const nodes = rows.flatMap(({ node, works_in, journal_position, written_at_ms }) =>
    node === null || works_in === null || journal_position === null || written_at_ms === null
      ? []
      : nodeOf({ node, incarnation: works_in, journal_position, written_at_ms }),
  );
  return { deployment: first && deploymentOf(first), nodes };
}

function deploymentOf(row: Omit<Selectable<Tables["deployment"]>, "singleton">): Deployment {
  return {
    id: row.id,
    incarnation: row.incarnation,
    keyCheck: row.key_check,
    createdAtMs: row.created_at_ms,
    operatorKeySha256: row.operator_key_sha256,
    quarantine: row.quarantine === null ? null : jsonColumn.read(row.quarantine),
    released: row.released === null ? null : jsonColumn.read(row.released),
    ...(row.primary_key === null ? {} : { primaryKey: row.primary_key }),
  };
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : jsonColumn.write(value);
}
