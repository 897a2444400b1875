import type { ConsentLink, ConsentStore, StoredConsent } from "../../ports/consent-store.ts";
import { storable } from "../storable.ts";
import { jsonColumn } from "./json-column.ts";
import { isAfter, isBefore } from "./list-place.ts";
import type { WriteRecords } from "./record-rows.ts";
import { type SqlSession, WriteConflict } from "./sql-session.ts";
import type { ConsentLinkTable, ConsentTable } from "./tables.ts";

/** Consent links and consents. */
export function consentRows(session: SqlSession, write: WriteRecords): ConsentStore {
  return {
    ...linkRows(session, write),
    create: (consent, records) =>
      session.change(async (trx) => {
        await trx.insertInto("consent").values(rowOf(consent)).execute();
        await write(trx, records);
      }),
    find: (id) =>
      session.read(async (db) => {
        const row = await db.selectFrom("consent").selectAll().where("id", "=", id).executeTakeFirst();
        return row && consentOf(row);
      }),
    findByState: (stateHash) =>
      session.read(async (db) => {
        const row = await db.selectFrom("consent").selectAll().where("state_hash", "=", stateHash).executeTakeFirst();
        return row && consentOf(row);
      }),
    change: (id, decide) =>
      session.change(async (trx) => {
        const found = trx.selectFrom("consent").selectAll().where("id", "=", id);
        const row = await session.facts.lockRows(found).executeTakeFirst();
        if (row === undefined) return undefined;
        const consent = consentOf(row);
        const decided = decide(consent);
        if (decided === null) return consent;
        const after = { ...consent, progress: storable(decided.progress) };
        const { progress_kind, progress } = rowOf(after);
        const { numUpdatedRows } = await trx
          .updateTable("consent")
          .set({ progress_kind, progress })
          .where("id", "=", id)
          .where("progress", "=", row.progress)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) throw new WriteConflict("consent");
        await write(trx, decided.records);
        return after;
      }),
    ofConnection: (connection, limit, after = null) =>
      session.read(async (db) => {
        const its = db.selectFrom("consent").selectAll().where("connection_id", "=", connection);
        const left = after === null ? its : its.where(isBefore("started_at_ms", after));
        const rows = await left.orderBy("started_at_ms", "desc").orderBy("id", "desc").limit(limit).execute();
        return rows.map(consentOf);
      }),
    importing: (limit) =>
      session.read(async (db) => {
        const claimed = db.selectFrom("consent").selectAll().where("progress_kind", "=", "claimed");
        const imports = claimed.where("purpose", "=", "import");
        const rows = await imports.orderBy("started_at_ms").orderBy("id").limit(limit).execute();
        return rows.map(consentOf);
      }),
    held: (limit, after = null) =>
      session.read(async (db) => {
        const held = db.selectFrom("consent").selectAll().where("progress_kind", "=", "held");
        const left = after === null ? held : held.where(isAfter("started_at_ms", after));
        const rows = await left.orderBy("started_at_ms").orderBy("id").limit(limit).execute();
        return rows.map(consentOf);
      }),
  };
}

function linkRows(
  session: SqlSession,
  write: WriteRecords,
): Pick<ConsentStore, "createLink" | "findLink" | "completeLink" | "revokeLinks"> {
  return {
    createLink: (link, records) =>
      session.change(async (trx) => {
        await trx.insertInto("consent_link").values(linkRowOf(link)).execute();
        await write(trx, records);
      }),
    findLink: (hash) =>
      session.read(async (db) => {
        const row = await db.selectFrom("consent_link").selectAll().where("hash", "=", hash).executeTakeFirst();
        return row && linkOf(row);
      }),
    completeLink: (hash, atMs) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("consent_link")
          .set({ completed_at_ms: atMs })
          .where("hash", "=", hash)
          .where("completed_at_ms", "is", null)
          .where("revoked_at_ms", "is", null)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }),
    revokeLinks: (connection, atMs, records) =>
      session.change(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("consent_link")
          .set({ revoked_at_ms: atMs })
          .where("connection_id", "=", connection)
          .where("completed_at_ms", "is", null)
          .where("revoked_at_ms", "is", null)
          .executeTakeFirstOrThrow();
        await write(trx, records);
        return Number(numUpdatedRows);
      }),
  };
}

function rowOf(consent: StoredConsent): ConsentTable {
  return {
    id: consent.id,
    connection_id: consent.connection,
    app_id: consent.app,
    link_hash: consent.linkHash,
    link_epoch: consent.linkEpoch,
    pasted_by: consent.pastedBy,
    started_from: consent.startedFrom === null ? null : jsonColumn.write(consent.startedFrom),
    purpose: consent.purpose,
    state_hash: consent.stateHash,
    browser_hash: consent.browserHash,
    nonce: consent.nonce,
    redirect_uri: consent.redirectUri,
    data_key: consent.dataKey,
    code_verifier: consent.codeVerifier,
    started_at_ms: consent.startedAtMs,
    expires_at_ms: consent.expiresAtMs,
    progress_kind: consent.progress.kind,
    progress: jsonColumn.write(consent.progress),
  };
}

function consentOf(row: ConsentTable): StoredConsent {
  return {
    id: row.id,
    connection: row.connection_id,
    app: row.app_id,
    linkHash: row.link_hash,
    linkEpoch: row.link_epoch,
    pastedBy: row.pasted_by,
    startedFrom: row.started_from === null ? null : jsonColumn.read(row.started_from),
    purpose: row.purpose,
    stateHash: row.state_hash,
    browserHash: row.browser_hash,
    nonce: row.nonce,
    redirectUri: row.redirect_uri,
    dataKey: row.data_key,
    codeVerifier: row.code_verifier,
    startedAtMs: row.started_at_ms,
    expiresAtMs: row.expires_at_ms,
    progress: jsonColumn.read(row.progress),
  };
}

function linkRowOf(link: ConsentLink): ConsentLinkTable {
  return {
    hash: link.hash,
    connection_id: link.connection,
    accept: link.accept,
    expires_at_ms: link.expiresAtMs,
    completed_at_ms: link.completedAtMs,
    revoked_at_ms: link.revokedAtMs,
    created_at_ms: link.createdAtMs,
    created_by: link.createdBy,
  };
}

function linkOf(row: ConsentLinkTable): ConsentLink {
  return {
    hash: row.hash,
    connection: row.connection_id,
    accept: row.accept,
    expiresAtMs: row.expires_at_ms,
    completedAtMs: row.completed_at_ms,
    revokedAtMs: row.revoked_at_ms,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
  };
}
