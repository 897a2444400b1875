import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** QuickBooks Online, with a person's consent for one company. */
export const quickbooksOnline: Provider = {
  id: "quickbooks-online",
  displayName: "QuickBooks Online",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://oauth.platform.intuit.com/op/v1",
    authorization: "https://appcenter.intuit.com/connect/oauth2",
    token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    revocation: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
  },
  apiOrigins: ["https://quickbooks.api.intuit.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_basic",
  defaultScopes: ["com.intuit.quickbooks.accounting", "openid"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  policy: {
    accessLifeMs: 60 * MINUTE_MS,
    idleLifeMs: 100 * DAY_MS,
    absoluteLifeMs: 5 * 365 * DAY_MS,
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "jwt-claim", token: "id", claim: "sub" },
  grantPer: "person-and-tenant",
  tenants: { kind: "callback", parameter: "realmId", pattern: "\\d{1,20}" },
  tenantLocator: { kind: "path", after: "/v3/company" },
  api: {
    ...standardApi,
    limits: {
      tenant: { concurrent: 10, windows: [{ name: "minute", spanMs: MINUTE_MS, calls: 500 }] },
      app: { concurrent: null, windows: [] },
      leftHeaders: {},
      problem: null,
    },
    answerHeaders: ["intuit_tid"],
  },
  revocation: "refresh-token",
  examplePath: null,
  sources: {
    endpoints: "developer.api.intuit.com/.well-known/openid_configuration: issuer and endpoints.",
    apiOrigins:
      "developer.intuit.com, QuickBooks Online API, base URLs: production. The sandbox companies lie elsewhere.",
    homes: "developer.intuit.com, QuickBooks Online API, base URLs: the same for every company.",
    clientAuthentication: "developer.intuit.com, set up OAuth 2.0: HTTP Basic at the token endpoint.",
    defaultScopes: "developer.intuit.com, scopes: accounting; openid for an id token, which names the person.",
    scopeSeparator: "developer.intuit.com, set up OAuth 2.0: scopes are separated by spaces.",
    scopeAnswer: "Unknown: the documented token answer has no scope.",
    offline: "developer.intuit.com, set up OAuth 2.0: a refresh token comes with every code.",
    authorizeParameters: "developer.intuit.com, set up OAuth 2.0: none but those of RFC 6749.",
    "policy.accessLifeMs": "developer.intuit.com, OAuth FAQ: access tokens are valid for 3600 seconds.",
    "policy.idleLifeMs": "developer.intuit.com, OAuth FAQ: a refresh token is valid for a rolling 100 days.",
    "policy.absoluteLifeMs":
      "intuit/QuickBooks-V3-Java-SDK 6.5.4: the answer's member for the hard expiry of refresh tokens, five years.",
    "policy.rotation":
      "developer.intuit.com, OAuth FAQ: the value changes about once a day and only the latest may be stored. For how long the one before is taken is unknown; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "developer.intuit.com, OAuth FAQ: a refresh is possible at any time.",
    "policy.repeatsDocumented": "developer.intuit.com says nothing of a lost answer.",
    errors: "developer.intuit.com, OAuth FAQ: invalid_grant for a refresh token that is not the latest.",
    subject: "developer.intuit.com, OpenID Connect: sub of the id token.",
    grantPer: "developer.intuit.com, set up OAuth 2.0: tokens are tied to one company, named by its realm id.",
    tenants: "developer.intuit.com, set up OAuth 2.0: realmId in the callback.",
    tenantLocator: "developer.intuit.com, QuickBooks Online API: /v3/company/{realmId}/… in every path.",
    revocation: "developer.api.intuit.com/.well-known/openid_configuration: revocation_endpoint.",
    ...standardApiSources,
    "api.limits":
      "developer.intuit.com, limits and throttles: 500 requests a minute and 10 at once for each company and app.",
    "api.answerHeaders": "developer.intuit.com: intuit_tid names a request towards support.",
    examplePath: "developer.intuit.com, QuickBooks Online API: every path holds the company's id, so none fits all.",
  },
};
