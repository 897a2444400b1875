import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { xeroApi, xeroApiSources } from "./xero-api.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Xero with a person's consent: the standard authorization code flow of a web app. */
export const xero: Provider = {
  id: "xero",
  displayName: "Xero",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://identity.xero.com",
    authorization: "https://login.xero.com/identity/connect/authorize",
    token: "https://identity.xero.com/connect/token",
    revocation: "https://identity.xero.com/connect/revocation",
  },
  apiOrigins: ["https://api.xero.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_basic",
  defaultScopes: [
    "openid",
    "profile",
    "email",
    "accounting.invoices",
    "accounting.payments",
    "accounting.banktransactions",
    "accounting.manualjournals",
    "accounting.contacts",
    "accounting.settings",
    "offline_access",
  ],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "scope", scope: "offline_access" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 30 * MINUTE_MS,
    idleLifeMs: 60 * DAY_MS,
    absoluteLifeMs: "unknown",
    rotation: {
      kind: "grace",
      seconds: 1800,
      anchor: "first-use",
      depth: "unknown",
      retry: "unknown",
      closesWhen: "unknown",
    },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "jwt-claim", token: "access", claim: "xero_userid" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/connections",
    items: "",
    idMember: "tenantId",
    nameMember: "tenantName",
    connectionIdMember: "id",
    consent: { member: "authEventId", claim: "authentication_event_id", updatedMember: "updatedDateUtc" },
    deletable: true,
  },
  tenantLocator: { kind: "header", name: "Xero-Tenant-Id" },
  api: xeroApi,
  revocation: "refresh-token",
  examplePath: "/api.xro/2.0/Organisation",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    homes: "XeroAPI/xero-node: the same hosts for every organisation.",
    scopeSeparator: "RFC 6749 §3.3; XeroAPI/xero-node joins them with spaces.",
    scopeAnswer: "Recorded answers: a token answer names the scopes that were given.",
    offline: "developer.xero.com/faq/oauth2: offline_access gives a refresh token.",
    grantPer:
      "developer.xero.com, Xero staff: tokens are per user and app, and reach every organisation that this user connected.",
    endpoints:
      "XeroAPI/Xero-OpenAPI xero-identity.yaml (authorize, token), XeroAPI/xero-python (revocation), XeroAPI/xero-node (issuer). Authorize lies on another host than the issuer.",
    apiOrigins: "XeroAPI/xero-node: every API's base lies under https://api.xero.com.",
    clientAuthentication: "XeroAPI/xero-node, and the other official SDKs: HTTP Basic.",
    defaultScopes:
      "developer.xero.com/faq/granular-scopes: apps made from 2 March 2026 take granular scopes alone, older ones take both since April 2026, and the broad accounting.transactions ends in September 2027. So the granular ones that replaced it, which every app takes.",
    authorizeParameters:
      "None needed: the refresh token comes with the scope alone. What Xero makes of prompt is unknown.",
    "policy.accessLifeMs": "developer.xero.com/faq/oauth2: access tokens live 30 minutes (expires_in 1800).",
    "policy.idleLifeMs": "developer.xero.com/faq/oauth2: an unused refresh token expires after 60 days.",
    "policy.absoluteLifeMs": "Unknown: only the 60 unused days are documented, no other end is.",
    "policy.rotation":
      "developer.xero.com/faq/oauth2: single use, with 30 minutes to repeat a lost answer; Xero staff: counted from the first use. What a repeat answers, how far back it reaches and whether using the successor closes it is unknown.",
    "policy.oldAccessToken": "Unknown: one vendor says that a refresh ends the older access token, Xero says nothing.",
    "policy.earlyRefresh": "XeroAPI/xero-node refreshes at any time; no report of a refusal.",
    "policy.repeatsDocumented":
      "developer.xero.com/faq/oauth2: without an answer, retry with the existing refresh token for up to 30 minutes.",
    errors: "Xero answers with RFC 6749 §5.2 codes at status 400; no codes of its own are known for this flow.",
    subject:
      "Claim xero_userid (UUID of the Xero user) of the access token, which is always there; the id token names the same but comes only with openid. The access token's sub is another, undocumented name.",
    tenants:
      "XeroAPI/Xero-OpenAPI xero-identity.yaml (GET and DELETE /connections); Xero staff: authEventId equals the access token's authentication_event_id; updatedDateUtc moves on reconnect.",
    tenantLocator: "XeroAPI/xero-node: header Xero-Tenant-Id on every tenanted request.",
    revocation:
      "XeroAPI/xero-node README: revoking the refresh token removes all connections of that person to the app.",
    ...xeroApiSources,
    examplePath: "XeroAPI/Xero-OpenAPI xero_accounting.yaml: GET /Organisation.",
  },
};
