import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { xeroApi, xeroApiSources } from "./xero-api.ts";

/** Xero's paid Custom Connection: one organisation, client credentials, approved by e-mail in Xero. The app is the grant. */
export const xeroCustomConnection: Provider = {
  id: "xero-custom-connection",
  displayName: "Xero Custom Connection",
  kind: "client_credentials",
  endpoints: {
    kind: "fixed",
    issuer: "https://identity.xero.com",
    authorization: "https://login.xero.com/identity/connect/authorize",
    token: "https://identity.xero.com/connect/token",
    revocation: null,
  },
  apiOrigins: ["https://api.xero.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_basic",
  defaultScopes: [],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 30 * 60_000,
    idleLifeMs: "unlimited",
    absoluteLifeMs: "none",
    rotation: { kind: "none" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { ...STANDARD_ERRORS, inactiveErrors: ["unauthorized_client"] },
  subject: { kind: "none" },
  grantPer: "person",
  tenants: { kind: "none" },
  tenantLocator: { kind: "none" },
  api: xeroApi,
  revocation: "none",
  examplePath: "/api.xro/2.0/Organisation",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    homes: "XeroAPI/xero-node: the same hosts for every organisation.",
    scopeSeparator: "RFC 6749 §3.3.",
    scopeAnswer: "Recorded answers: a token answer names the scopes that were given.",
    offline: "RFC 6749 §4.4.3: no refresh token is needed.",
    grantPer: "developer.xero.com, custom connections: one organisation for each, and the app is the grant.",
    endpoints: "XeroAPI/xero-node: the token endpoint of the standard flow; nobody is sent to authorize.",
    apiOrigins: "XeroAPI/xero-node: every API's base lies under https://api.xero.com.",
    clientAuthentication: "XeroAPI/xero-node getClientCredentialsToken: HTTP Basic.",
    defaultScopes:
      "None: without a scope Xero gives all that the connection was set up with, and connections made after April 2026 refuse an explicit one (XeroAPI/xero-mcp-server issue 150, pull request 288).",
    authorizeParameters: "RFC 6749 §4.4: nobody is sent to authorize.",
    "policy.accessLifeMs": "developer.xero.com, custom connections: access tokens live 30 minutes.",
    "policy.idleLifeMs": "RFC 6749 §4.4.3: there is no refresh token that could lie idle.",
    "policy.absoluteLifeMs":
      "Unknown: none is documented, the connection lasts as long as its subscription and its approval.",
    "policy.rotation": "RFC 6749 §4.4: nothing is spent by asking, so nothing rotates.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §4.4: a token can be asked for at any time.",
    "policy.repeatsDocumented":
      "RFC 6749 §4.4: nothing is spent by asking, so an answer that was lost is asked for again.",
    errors:
      "Unknown for a connection that is not approved or was deactivated; RFC 6749 §5.2 unauthorized_client is what its words fit.",
    subject: "developer.xero.com, custom connections: one belongs to an organisation, not to a person.",
    tenants: "Recorded answers: GET /connections gives [] for such tokens; nothing may depend on it.",
    tenantLocator: "Recorded answers: a token reaches one organisation, and requests without Xero-Tenant-Id work.",
    revocation: "Unknown: no API for it is documented; the connection is ended in Xero.",
    ...xeroApiSources,
    examplePath: "XeroAPI/Xero-OpenAPI xero_accounting.yaml: GET /Organisation.",
  },
};
