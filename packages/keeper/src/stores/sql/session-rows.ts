import type { SessionStore } from "../../ports/session-store.ts";
import type { SqlSession } from "./sql-session.ts";

/** Operators who signed in, by the hash of what their browser holds. */
export function sessionRows(session: SqlSession): SessionStore {
  return {
    create: ({ sha256, operator, credential, startedAtMs, seenAtMs }) =>
      session.change(async (trx) => {
        const times = { started_at_ms: startedAtMs, seen_at_ms: seenAtMs };
        await trx
          .insertInto("operator_session")
          .values({ sha256, operator_id: operator, credential, ...times })
          .execute();
      }),
    find: (sha256) =>
      session.read(async (db) => {
        const row = await db.selectFrom("operator_session").selectAll().where("sha256", "=", sha256).executeTakeFirst();
        return (
          row && {
            ...{ sha256: row.sha256, operator: row.operator_id, credential: row.credential },
            ...{ startedAtMs: row.started_at_ms, seenAtMs: row.seen_at_ms },
          }
        );
      }),
    see: (sha256, atMs) =>
      session.change(async (trx) => {
        await trx
          .updateTable("operator_session")
          .set({ seen_at_ms: atMs })
          .where("sha256", "=", sha256)
          .where("seen_at_ms", "<", atMs)
          .execute();
      }),
    remove: (sha256) =>
      session.change(async (trx) => {
        await trx.deleteFrom("operator_session").where("sha256", "=", sha256).execute();
      }),
    forget: ({ startedMs, seenMs }) =>
      session.change(async (trx) => {
        await trx
          .deleteFrom("operator_session")
          .where(({ eb, or }) => or([eb("started_at_ms", "<", startedMs), eb("seen_at_ms", "<", seenMs)]))
          .execute();
      }),
  };
}
