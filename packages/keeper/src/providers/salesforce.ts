import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const ID = "[A-Za-z0-9]{15,18}";

/** Salesforce. Each organisation has a host of its own, which the token answer names. */
export const salesforce: Provider = {
  id: "salesforce",
  displayName: "Salesforce",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://login.salesforce.com",
    authorization: "https://login.salesforce.com/services/oauth2/authorize",
    token: "https://login.salesforce.com/services/oauth2/token",
    revocation: "https://login.salesforce.com/services/oauth2/revoke",
  },
  apiOrigins: [],
  homes: {
    tokenEndpoint: null,
    api: {
      from: "token-answer",
      name: "instance_url",
      pattern: "https://[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63}){0,4}\\.salesforce\\.com",
      origin: "{}",
    },
  },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["api", "refresh_token"],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "scope", scope: "refresh_token" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 2 * 60 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "token-answer", member: "id", pattern: `https://[a-z0-9.-]+/id/${ID}/(${ID})` },
  grantPer: "person",
  tenants: { kind: "token-answer", member: "id", pattern: `https://[a-z0-9.-]+/id/(${ID})/${ID}` },
  tenantLocator: { kind: "host" },
  api: {
    ...standardApi,
    forbidden: [
      { methods: null, path: "/services/oauth2/**", because: "it belongs to the authorization server" },
      { methods: null, path: "/secur/**", because: "it would turn the token into a session of a browser" },
    ],
    refusals: [
      { status: 401, where: "body", holds: "invalid_session_id", means: "token-expired" },
      ...standardApi.refusals,
    ],
  },
  revocation: "refresh-token",
  examplePath: "/services/data",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "jsforce/jsforce: authorize, token and revoke below login.salesforce.com/services/oauth2. No issuer was read: the origin stands for it.",
    apiOrigins: "developer.salesforce.com, REST API: the same for nobody; see homes.",
    homes:
      "jsforce/jsforce and NangoHQ/nango: instance_url of the answer is where API calls go; help.salesforce.com, My Domain: hosts of organisations lie below salesforce.com.",
    clientAuthentication:
      "developer.salesforce.com, REST API, refresh token: id and secret in the body, or HTTP Basic.",
    defaultScopes: "help.salesforce.com, OAuth tokens and scopes: api, and refresh_token for a refresh token.",
    scopeSeparator: "help.salesforce.com, OAuth 2.0 web server flow: scopes are separated by spaces.",
    scopeAnswer: "developer.salesforce.com, REST API: scope of the answer names those given.",
    offline: "help.salesforce.com, OAuth tokens and scopes: refresh_token, also called offline_access.",
    authorizeParameters: "help.salesforce.com, OAuth 2.0 web server flow: none but those of RFC 6749.",
    "policy.accessLifeMs":
      "developer.salesforce.com, Metadata API, session expiration: as long as the session time-out of the organisation, two hours by default; the answer does not say it.",
    "policy.idleLifeMs": "Unknown: a policy of the app and the organisation sets it.",
    "policy.absoluteLifeMs": "Unknown: a policy of the app and the organisation sets it.",
    "policy.rotation":
      "help.salesforce.com, refresh token flow: single use where the app has rotation, the one before is invalid at once. Which apps have it is unknown from outside; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": "help.salesforce.com says nothing of a lost answer.",
    errors:
      "help.salesforce.com, OAuth authorization flow errors: invalid_grant for expired and revoked refresh tokens.",
    subject: "jsforce/jsforce: id of the answer ends with organisation and user.",
    grantPer: "developer.salesforce.com, REST API, refresh token: a user belongs to one organisation.",
    tenants: "jsforce/jsforce: id of the answer holds the organisation.",
    tenantLocator: "developer.salesforce.com, REST API, refresh token: instance_url.",
    revocation: "jsforce/jsforce: POST /services/oauth2/revoke.",
    ...standardApiSources,
    "api.forbidden": "help.salesforce.com: OAuth endpoints and the front door of browser sessions lie beside the API.",
    "api.refusals":
      "nango.dev/blog/fix-salesforce-invalid-session-id-error: 401 with INVALID_SESSION_ID; RFC 6750 §3.1.",
    examplePath: "developer.salesforce.com, REST API: GET /services/data lists the versions.",
  },
};
