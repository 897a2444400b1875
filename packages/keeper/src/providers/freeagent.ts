import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const MINUTE_MS = 60_000;

/** FreeAgent: a token is one user's in one company. */
export const freeagent: Provider = {
  id: "freeagent",
  displayName: "FreeAgent",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://api.freeagent.com",
    authorization: "https://api.freeagent.com/v2/approve_app",
    token: "https://api.freeagent.com/v2/token_endpoint",
    revocation: null,
  },
  apiOrigins: ["https://api.freeagent.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_basic",
  defaultScopes: [],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 60 * MINUTE_MS,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "api", path: "/v2/users/me", member: "user.url" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/v2/company",
    items: "company",
    idMember: "subdomain",
    nameMember: "name",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "none" },
  api: {
    ...standardApi,
    forbidden: [
      { methods: null, path: "/v2/approve_app", because: "it belongs to the authorization server" },
      { methods: null, path: "/v2/token_endpoint", because: "it belongs to the authorization server" },
    ],
    limits: {
      tenant: {
        concurrent: null,
        windows: [
          { name: "minute", spanMs: MINUTE_MS, calls: 120 },
          { name: "hour", spanMs: 60 * MINUTE_MS, calls: 3_600 },
        ],
      },
      app: { concurrent: null, windows: [] },
      leftHeaders: {},
      problem: null,
    },
  },
  revocation: "none",
  examplePath: "/v2/company",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "dev.freeagent.com/docs/oauth, NangoHQ/nango, simov/grant. No issuer is published: the origin stands for it.",
    apiOrigins:
      "dev.freeagent.com/docs/oauth: https://api.freeagent.com; the sandbox lies at api.sandbox.freeagent.com.",
    homes: "dev.freeagent.com/docs/oauth: the same for every company.",
    clientAuthentication: "dev.freeagent.com/docs/oauth: HTTP Basic at the token endpoint.",
    defaultScopes: "dev.freeagent.com/docs/oauth knows no scopes: a token may do what its user may.",
    scopeSeparator: "RFC 6749 §3.3; there is no scope to ask for.",
    scopeAnswer: "dev.freeagent.com/docs/oauth: the answer has no scope.",
    offline: "dev.freeagent.com/docs/oauth: a refresh token comes with every code.",
    authorizeParameters: "dev.freeagent.com/docs/oauth: none but those of RFC 6749.",
    "policy.accessLifeMs": "api-discuss.freeagent.com, topic 2033: access tokens live one hour instead of seven days.",
    "policy.idleLifeMs":
      "Unknown: api-discuss.freeagent.com, topic 6309: refresh_token_expires_in of the answer says it, and the documented value may change.",
    "policy.absoluteLifeMs": "Unknown.",
    "policy.rotation":
      "api-discuss.freeagent.com, topic 2033: a refresh gives a refresh token as well. What becomes of the one before is unknown; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "api-discuss.freeagent.com, topic 589: at any time.",
    "policy.repeatsDocumented": "dev.freeagent.com/docs/oauth says nothing of a lost answer.",
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject: "dev.freeagent.com/docs/users: GET /v2/users/me names the user by an address.",
    grantPer: "dev.freeagent.com/docs/oauth: one access and one refresh token for each user account that consented.",
    tenants: "dev.freeagent.com/docs/company: GET /v2/company, with name and subdomain.",
    tenantLocator: "dev.freeagent.com/docs/oauth: a token is of one user, who is in one company.",
    revocation: "dev.freeagent.com/docs/oauth names no endpoint: an app is taken away in FreeAgent.",
    ...standardApiSources,
    "api.forbidden": "dev.freeagent.com/docs/oauth: authorization and token endpoint lie beside the API.",
    "api.limits":
      "api-discuss.freeagent.com, topic 744: 120 requests a minute and 3,600 an hour for each user; topic 2259: a refusal names the 120.",
    examplePath: "dev.freeagent.com/docs/company: GET /v2/company.",
  },
};
