import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Sage Accounting (Business Cloud): one person's token reaches all businesses of that person. */
export const sageAccounting: Provider = {
  id: "sage-accounting",
  displayName: "Sage Accounting",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://oauth.accounting.sage.com",
    authorization: "https://www.sageone.com/oauth2/auth/central",
    token: "https://oauth.accounting.sage.com/token",
    revocation: "https://oauth.accounting.sage.com/revoke",
  },
  apiOrigins: ["https://api.accounting.sage.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["full_access"],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "always" },
  authorizeParameters: { filter: "apiv3.1" },
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 5 * 60_000,
    idleLifeMs: 31 * DAY_MS,
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "token-answer", member: "requested_by_id", pattern: "[A-Za-z0-9-]{1,64}" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/v3.1/businesses",
    items: "$items",
    idMember: "id",
    nameMember: "displayed_as",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "header", name: "X-Business" },
  api: standardApi,
  revocation: "refresh-token",
  examplePath: "/v3.1/user",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "developer.sage.com/accounting/guides/authenticating/authentication and Sage/sbca_api_python_sample: authorize at www.sageone.com, token at oauth.accounting.sage.com; revoke beside it. No issuer is published: the token endpoint's origin stands for it.",
    apiOrigins: "Sage/sbca_api_python_sample: https://api.accounting.sage.com/v3.1.",
    homes: "www.maesn.com/blogs/sage-accounting-api-integration: one base for all countries.",
    clientAuthentication:
      "developer.sage.com/accounting/guides/authenticating/authentication: id and secret in the body.",
    defaultScopes: "developer.sage.com/accounting/guides/authenticating/authentication: readonly or full_access.",
    scopeSeparator: "RFC 6749 §3.3; there is only one scope to ask for.",
    scopeAnswer:
      "developer.sage.com/accounting/guides/authenticating/authentication: the answer's scope is the one asked for.",
    offline:
      "developer.sage.com/accounting/guides/authenticating/authentication: a refresh token comes with every code.",
    authorizeParameters:
      "developer.sage.com/accounting/guides/authenticating/authentication: filter=apiv3.1 should always be set.",
    "policy.accessLifeMs":
      "www.maesn.com/blogs/sage-accounting-api-integration and truto.one, Sage Business Cloud Accounting: access tokens expire after 5 minutes.",
    "policy.idleLifeMs":
      "knowledgelib.io, Sage Business Cloud Accounting: refresh tokens expire after 31 days without use.",
    "policy.absoluteLifeMs": "Unknown: each refresh token has its 31 days, no other end is documented.",
    "policy.rotation":
      "www.maesn.com/blogs/sage-accounting-api-integration: a refresh gives a new refresh token and ends the old. Whether there is a grace is unknown; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": "developer.sage.com says nothing of a lost answer.",
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject: "developer.sage.com/accounting/guides/authenticating/authentication: requested_by_id in the token answer.",
    grantPer:
      "developer.sage.com/accounting/guides/authenticating/authentication: an access token belongs to one user, and reaches all businesses of that user.",
    tenants: "developer.sage.com/accounting, API reference: GET /businesses.",
    tenantLocator:
      "developer.sage.com/accounting/guides/authenticating/authentication: X-Business; without it the user's lead business is meant.",
    revocation: "developer.sage.com/accounting/guides/authenticating/authentication: POST /revoke.",
    ...standardApiSources,
    examplePath: "SocialiteProviders/Providers, Sage: GET /v3.1/user.",
  },
};
