import type { Transaction } from "kysely";
import type { GrantStore, TokenVersion } from "../../ports/grant-store.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Tables, TokenVersionTable } from "./tables.ts";

/** The reading side of a grant's tokens. */
export function tokenRows(session: SqlSession): Pick<GrantStore, "token" | "knowsFingerprint" | "tokensOfChain"> {
  return {
    token: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("token_version").selectAll().where("id", "=", id).executeTakeFirst();
        return row && tokenOf(row);
      }),
    knowsFingerprint: (fingerprint) =>
      session.read(async (db) => {
        const known = db.selectFrom("token_version").select("id").where("refresh_fingerprint", "=", fingerprint);
        return (await known.limit(1).executeTakeFirst()) !== undefined;
      }),
    tokensOfChain: (grant, chain) =>
      session.read(async (db) => {
        const rows = await db
          .selectFrom("token_version")
          .selectAll()
          .where("grant_id", "=", grant)
          .where("chain_id", "=", chain)
          .where("refresh_token", "is not", null)
          .orderBy("received_at_ms")
          .orderBy("id")
          .execute();
        return rows.map(tokenOf);
      }),
  };
}

/** I6 never discard: insert-only. A settle whose acknowledgement was lost is repeated: what is there stays as it is. */
export async function insertTokens(trx: Transaction<Tables>, tokens: readonly TokenVersion[]): Promise<void> {
  for (const token of tokens)
    await trx
      .insertInto("token_version")
      .values(rowOf(token))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
}

function rowOf(token: TokenVersion): TokenVersionTable {
  return {
    id: token.id,
    grant_id: token.grant,
    chain_id: token.chain,
    parent_id: token.parent,
    received_at_ms: token.receivedAtMs,
    access_token: token.accessToken,
    access_expires_at_ms: token.accessExpiresAtMs,
    refresh_token: token.refreshToken,
    refresh_fingerprint: token.refreshFingerprint,
    scope: token.scope,
  };
}

function tokenOf(row: TokenVersionTable): TokenVersion {
  return {
    id: row.id,
    grant: row.grant_id,
    chain: row.chain_id,
    parent: row.parent_id,
    receivedAtMs: row.received_at_ms,
    accessToken: row.access_token,
    accessExpiresAtMs: row.access_expires_at_ms,
    refreshToken: row.refresh_token,
    refreshFingerprint: row.refresh_fingerprint,
    scope: row.scope,
  };
}
