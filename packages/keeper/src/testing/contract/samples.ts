import {
  type AppId,
  type AttemptId,
  type CallerId,
  type ChainId,
  type ConnectionId,
  type ConsentId,
  firstChain,
  type GrantId,
  type GrantState,
  NO_LEASE,
  type NodeId,
  type OperatorId,
  type RecipientId,
  type TokenVersionId,
} from "@evergrant/core";
import type { StoredApp } from "../../ports/app-store.ts";
import { SECRET_ALONE, type StoredCaller } from "../../ports/caller-store.ts";
import type { StoredConnection } from "../../ports/connection-store.ts";
import type { ConsentLink, ReceivedConsent, StoredConsent } from "../../ports/consent-store.ts";
import type { Deployment, StoredQuarantine } from "../../ports/deployment-store.ts";
import type { GrantChange, StoredGrant, TokenVersion } from "../../ports/grant-store.ts";
import type { StoredRecipient } from "../../ports/notice-store.ts";
import type { StoredOperator } from "../../ports/operator-store.ts";
import type { AuditSubject, Records } from "../../ports/records.ts";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import type { Store } from "../../ports/store.ts";

export const APP = "ap_1" as AppId;
export const GRANT = "gr_1" as GrantId;
export const CHAIN = "ch_1" as ChainId;
export const CONNECTION = "cn_1" as ConnectionId;
export const CONSENT = "co_1" as ConsentId;
export const CALLER = "cl_1" as CallerId;
export const RECIPIENT = "rc_1" as RecipientId;
export const VERSION = "tv_1" as TokenVersionId;

export const NOTHING: Records = { audit: [], notices: [] };

/** One audit record and, where asked for, one notice about the same subject. */
export function records(subject: AuditSubject, event: string, more: { notice?: boolean; atMs?: number } = {}): Records {
  const { notice = false, atMs = 1 } = more;
  const facts = { text: "plain “text”", number: 7, flag: true, nothing: null };
  return {
    audit: [{ subject, atMs, by: "keeper", event, facts }],
    notices: notice ? [{ notice: "consent-needed", subject, atMs, facts }] : [],
  };
}

export function app(more: Partial<StoredApp> = {}): StoredApp {
  return {
    id: APP,
    name: "books",
    provider: "generic",
    clientId: "client-1",
    dataKey: "wrapped-app" as WrappedKey,
    clientSecrets: [{ id: "sc_1", sealed: "sealed-secret" as Sealed, addedAtMs: 5 }],
    scopes: ["openid", "offline_access"],
    origins: null,
    createdAtMs: 10,
    ...more,
  };
}

export function live(generation = 0, id: ChainId = CHAIN): GrantState {
  const access = { version: VERSION, receivedAtMs: 20, expiresAtMs: 1_800_020, scope: null };
  const chain = firstChain(id, { renewal: "refresh-token", version: VERSION, access, atMs: 20, jitter: 0.5 });
  return { kind: "live", chain: { ...chain, generation } };
}

export function grant(more: Partial<StoredGrant> = {}): StoredGrant {
  return {
    id: GRANT,
    app: APP,
    subject: "person-1",
    state: live(),
    lease: NO_LEASE,
    dataKey: "wrapped-grant" as WrappedKey,
    dueAtMs: null,
    ...more,
  };
}

/** A change that leaves everything as it is, but for what is said. */
export function change(more: Partial<GrantChange> = {}): GrantChange {
  return { state: null, lease: null, dueAtMs: null, tokens: [], records: NOTHING, ...more };
}

export function token(more: Partial<TokenVersion> = {}): TokenVersion {
  return {
    id: VERSION,
    grant: GRANT,
    chain: CHAIN,
    parent: null,
    receivedAtMs: 20,
    accessToken: "sealed-access" as Sealed,
    accessExpiresAtMs: 1_800_020,
    refreshToken: "sealed-refresh" as Sealed,
    refreshFingerprint: "fingerprint-1",
    scope: "openid",
    ...more,
  };
}

export function connection(more: Partial<StoredConnection> = {}): StoredConnection {
  return {
    id: CONNECTION,
    name: "acme",
    app: APP,
    grant: null,
    tenants: [],
    expectedTenant: null,
    consentEpoch: 0,
    disabledAtMs: null,
    createdAtMs: 30,
    healthCheckedAtMs: null,
    ...more,
  };
}

export function link(more: Partial<ConsentLink> = {}): ConsentLink {
  return {
    hash: "hash-1",
    connection: CONNECTION,
    accept: "ask",
    expiresAtMs: 1_000,
    completedAtMs: null,
    revokedAtMs: null,
    createdAtMs: 40,
    createdBy: "operator",
    ...more,
  };
}

export function consent(more: Partial<StoredConsent> = {}): StoredConsent {
  const id = more.id ?? CONSENT;
  return {
    id,
    connection: CONNECTION,
    app: APP,
    linkHash: "hash-1",
    linkEpoch: null,
    pastedBy: null,
    startedFrom: null,
    purpose: "first",
    stateHash: `state-of-${id}`,
    browserHash: "browser-1",
    nonce: "nonce-1",
    redirectUri: "https://evergrant.example/consent/callback",
    dataKey: "wrapped-consent" as WrappedKey,
    codeVerifier: "sealed-verifier" as Sealed,
    startedAtMs: 50,
    expiresAtMs: 2_000,
    progress: { kind: "started" },
    ...more,
  };
}

export const RECEIVED: ReceivedConsent = {
  grant: GRANT,
  chain: CHAIN,
  version: VERSION,
  subject: "person-1",
  subjectName: "Jane",
  scope: "openid",
  tenants: [{ id: "t-1", name: "Acme Ltd", connectionId: "pc-1", consentEventId: "ev-1", updatedAtMs: 60 }],
  chosenTenants: ["t-1"],
};

export function caller(more: Partial<StoredCaller> = {}): StoredCaller {
  return {
    id: CALLER,
    name: "nightly-job",
    secrets: [{ id: "sc_2", sha256: "ab".repeat(32), createdAtMs: 70, expiresAtMs: null }],
    authentication: SECRET_ALONE,
    permissions: [],
    disabledAtMs: null,
    createdAtMs: 70,
    ...more,
  };
}

export function operator(more: Partial<StoredOperator> = {}): StoredOperator {
  return {
    id: "op_1" as OperatorId,
    name: "jane",
    role: "admin",
    keys: [{ id: "ok_1", sha256: "ef".repeat(32), createdAtMs: 75, expiresAtMs: null }],
    identity: null,
    disabledAtMs: null,
    createdAtMs: 75,
    ...more,
  };
}

export function recipient(more: Partial<StoredRecipient> = {}): StoredRecipient {
  return {
    id: RECIPIENT,
    channel: "webhook",
    address: "https://hooks.example/evergrant",
    connection: null,
    only: ["consent-needed", "recovered"],
    dataKey: "wrapped-recipient" as WrappedKey,
    secrets: [{ id: "sc_3", sealed: "sealed-webhook-secret" as Sealed, addedAtMs: 75 }],
    disabledAtMs: null,
    createdAtMs: 75,
    ...more,
  };
}

export function deployment(more: Partial<Deployment> = {}): Deployment {
  return {
    id: "dp_1",
    incarnation: 1,
    keyCheck: "sealed-check",
    createdAtMs: 80,
    operatorKeySha256: "cd".repeat(32),
    quarantine: null,
    released: null,
    ...more,
  };
}

export const QUARANTINE: StoredQuarantine = {
  because: ["store-behind", "other-server"],
  node: "node-a" as NodeId,
  sinceMs: 90,
};

export const ATTEMPT = "at_1" as AttemptId;

/** An app, a grant of it and a connection on that grant. */
export async function furnish(store: Store): Promise<void> {
  await store.apps.create(app(), NOTHING);
  await store.grants.create(grant(), NOTHING);
  await store.connections.create(connection({ grant: GRANT }), NOTHING);
}
