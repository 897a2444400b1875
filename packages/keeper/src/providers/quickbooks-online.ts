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
  refreshRequest: "standard",
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
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "intuit/oauth-jsclient: authorize, token and revoke endpoints, and the issuer that id tokens are held to.",
    apiOrigins:
      "intuit/oauth-jsclient: https://quickbooks.api.intuit.com in production. The sandbox companies lie elsewhere.",
    homes: "intuit/oauth-jsclient: one origin for every company.",
    clientAuthentication: "intuit/oauth-jsclient: HTTP Basic at the token endpoint.",
    defaultScopes:
      "intuit/oauth-jsclient, README: com.intuit.quickbooks.accounting; openid for an id token, which names the person.",
    scopeSeparator: "simov/grant: scopes are separated by spaces.",
    scopeAnswer: "Unknown: the token answer in intuit/oauth-jsclient's README has no scope.",
    offline: "intuit/oauth-jsclient, README: a refresh token comes with every code.",
    authorizeParameters: "intuit/oauth-jsclient: none but those of RFC 6749.",
    "policy.accessLifeMs": "developer.intuit.com, Authorization FAQ: access tokens are valid for 3,600 seconds.",
    "policy.idleLifeMs": "developer.intuit.com, Authorization FAQ: a refresh token is valid for a rolling 100 days.",
    "policy.absoluteLifeMs":
      "intuit/QuickBooks-V3-Java-SDK, release 6.5.4: every refresh token ends after at most five years.",
    "policy.rotation":
      "developer.intuit.com, Authorization FAQ: the latest value is the one to use; docs.devart.com, dotConnect for QuickBooks Online: the one before may be revoked after a day. For how long it is taken is unknown; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": "developer.intuit.com says nothing of a lost answer.",
    errors: "intuit/oauth-jsclient, README: invalid_grant for a grant that is invalid, expired or revoked.",
    subject: "OpenID Connect Core §2: sub of the id token, which intuit/oauth-jsclient holds to Intuit's issuer.",
    grantPer: "developer.intuit.com, set up OAuth 2.0: tokens are tied to one company, named by its realm id.",
    tenants: "intuit/oauth-jsclient and NangoHQ/nango: realmId in the callback.",
    tenantLocator: "intuit/oauth-jsclient, README: /v3/company/{realmId}/… in every path.",
    revocation: {
      unconfirmed:
        "intuit/oauth-jsclient revokes at this endpoint, with a JSON body; that it takes the form of RFC 7009 as well was read nowhere. If it does not, a revocation is told as not confirmed.",
    },
    ...standardApiSources,
    "api.limits":
      "blogs.intuit.com, 8 August 2016: 500 requests a minute for each company, and 10 at once for each company and app.",
    "api.answerHeaders": "intuit/oauth-jsclient, README: intuit_tid names a request towards support.",
    examplePath: "intuit/oauth-jsclient, README: every path holds the company's id, so none fits all.",
  },
};
