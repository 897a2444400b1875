import type { AssertionStore } from "../../ports/assertion-store.ts";
import type { SqlSession } from "./sql-session.ts";

/** Used assertions: the insert itself is what makes one work once. */
export function assertionRows(session: SqlSession): AssertionStore {
  return {
    claim: (digest, expiresAtMs) =>
      session.change(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto("used_assertion")
          .values({ digest, expires_at_ms: expiresAtMs })
          .onConflict((conflict) => conflict.column("digest").doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n ? "claimed" : "taken";
      }),
    forget: (beforeMs) =>
      session.change(async (trx) => {
        await trx.deleteFrom("used_assertion").where("expires_at_ms", "<", beforeMs).execute();
      }),
  };
}
