import type { Kysely } from "kysely";
import type { Deployment, DeploymentStore } from "../../ports/deployment-store.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";

/** The one row that says which deployment this is. */
export function deploymentRows(session: SqlSession): DeploymentStore {
  return {
    read: () => session.read(readDeployment),
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
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return (await readDeployment(trx)) ?? deployment;
      }),
  };
}

async function readDeployment(db: Kysely<Tables>): Promise<Deployment | undefined> {
  const row = await db.selectFrom("deployment").selectAll().executeTakeFirst();
  return (
    row && {
      id: row.id,
      incarnation: row.incarnation,
      keyCheck: row.key_check,
      createdAtMs: row.created_at_ms,
      operatorKeySha256: row.operator_key_sha256,
    }
  );
}
