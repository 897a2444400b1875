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
  clientAuthentication: "client_secret_basic",
  defaultScopes: [],
  authorizeParameters: {},
  policy: {
    accessLifeMs: 30 * 60_000,
    idleLifeMs: "unlimited",
    absoluteLifeMs: "none",
    rotation: { kind: "none" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { inactiveErrors: ["unauthorized_client"], okMember: null },
  subject: { kind: "none" },
  tenants: { kind: "none" },
  tenantLocator: { kind: "none" },
  api: xeroApi,
  revocation: "none",
  examplePath: "/api.xro/2.0/Organisation",
  sources: {
    endpoints: "XeroAPI/xero-node: the token endpoint of the standard flow; nobody is sent to authorize.",
    apiOrigins: "XeroAPI/xero-node: every API's base lies under https://api.xero.com.",
    clientAuthentication: "XeroAPI/xero-node getClientCredentialsToken: HTTP Basic.",
    defaultScopes:
      "None: without a scope Xero gives all that the connection was set up with, and connections made after April 2026 refuse an explicit one (XeroAPI/xero-mcp-server issue 150, pull request 288).",
    authorizeParameters: "Nobody is sent to authorize.",
    "policy.accessLifeMs": "developer.xero.com, custom connections: access tokens live 30 minutes.",
    "policy.idleLifeMs": "There is no refresh token that could lie idle.",
    "policy.absoluteLifeMs": "None documented: the connection lasts as long as its subscription and its approval.",
    "policy.rotation": "RFC 6749 §4.4: nothing is spent by asking, so nothing rotates.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §4.4: a token can be asked for at any time.",
    "policy.repeatsDocumented":
      "RFC 6749 §4.4: nothing is spent by asking, so an answer that was lost is asked for again.",
    errors:
      "Unknown for a connection that is not approved or was deactivated; RFC 6749 §5.2 unauthorized_client is what its words fit.",
    subject: "The connection belongs to an organisation, not to a person.",
    tenants: "GET /connections was seen to answer [] for such tokens; nothing may depend on it.",
    tenantLocator: "A token reaches one organisation; requests without Xero-Tenant-Id were seen to work.",
    revocation: "No API is known; the connection is ended in Xero.",
    ...xeroApiSources,
    examplePath: "XeroAPI/Xero-OpenAPI xero_accounting.yaml: GET /Organisation.",
  },
};
