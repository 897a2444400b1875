import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

/** FreshBooks: one person's token reaches the accounts of all businesses of that person. */
export const freshbooks: Provider = {
  id: "freshbooks",
  displayName: "FreshBooks",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://auth.freshbooks.com",
    authorization: "https://auth.freshbooks.com/oauth/authorize",
    token: "https://api.freshbooks.com/auth/oauth/token",
    revocation: "https://api.freshbooks.com/auth/oauth/revoke",
  },
  apiOrigins: ["https://api.freshbooks.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["user:profile:read", "user:clients:read", "user:invoices:read"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "with-redirect-uri",
  policy: {
    accessLifeMs: 12 * 60 * 60_000,
    idleLifeMs: "unlimited",
    absoluteLifeMs: "none",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "api", path: "/auth/api/v1/users/me", member: "response.id" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/auth/api/v1/users/me",
    items: "response.business_memberships",
    idMember: "business.account_id",
    nameMember: "business.name",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "path", after: "/accounting/account" },
  api: {
    ...standardApi,
    forbidden: [{ methods: null, path: "/auth/oauth/**", because: "it belongs to the authorization server" }],
  },
  revocation: "refresh-token",
  examplePath: "/auth/api/v1/users/me",
  sources: {
    refreshRequest:
      "freshbooks/freshbooks-nodejs-sdk and amcintosh/freshbooks-python-sdk: the redirect URI goes along with a refresh.",
    endpoints:
      "freshbooks/freshbooks-nodejs-sdk: authorize at auth.freshbooks.com, token below api.freshbooks.com/auth/oauth; www.freshbooks.com/api/authentication: revoke beside it. No issuer is published: the authorize origin stands for it.",
    apiOrigins: "www.freshbooks.com/api/start: https://api.freshbooks.com.",
    homes: "www.freshbooks.com/api/start: the same for every account.",
    clientAuthentication: "freshbooks/freshbooks-nodejs-sdk: id and secret in the body.",
    defaultScopes:
      "www.freshbooks.com/api/scopes; user:profile:read for the list of businesses (www.freshbooks.com/api/identity_model).",
    scopeSeparator: "www.freshbooks.com/api/authentication: scopes are separated by spaces.",
    scopeAnswer: "Unknown: an app's scopes are set where it is registered.",
    offline: "www.freshbooks.com/api/authentication: a refresh token comes with every code.",
    authorizeParameters: "www.freshbooks.com/api/authentication: none but those of RFC 6749.",
    "policy.accessLifeMs": "www.freshbooks.com/api/authentication: a token lasts for 12 hours.",
    "policy.idleLifeMs":
      "www.freshbooks.com/api/get-authenticated-on-the-freshbooks-api: the refresh token never expires.",
    "policy.absoluteLifeMs":
      "www.freshbooks.com/api/get-authenticated-on-the-freshbooks-api: the refresh token never expires.",
    "policy.rotation":
      "www.freshbooks.com/api/get-authenticated-on-the-freshbooks-api: a refresh token works once. Whether there is a grace is unknown; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": "www.freshbooks.com/api/authentication says nothing of a lost answer.",
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject:
      "freshbooks/freshbooks-nodejs-sdk: GET /auth/api/v1/users/me; www.freshbooks.com/api/me_endpoint: id, the identity's unique id.",
    grantPer: "www.freshbooks.com/api/identity_model: one identity, with a role in each of its businesses.",
    tenants: "www.freshbooks.com/api/identity_model: business_memberships, each with name and account_id.",
    tenantLocator:
      "www.freshbooks.com/api/identity_model: /accounting/account/{accountId}/…. Paths that name a business instead cannot be held to an account and are not passed on.",
    revocation: {
      unconfirmed:
        "www.freshbooks.com/api/authentication: POST /auth/oauth/revoke, shown with a JSON body; that it takes the form of RFC 7009 as well was read nowhere. If it does not, a revocation is told as not confirmed.",
    },
    ...standardApiSources,
    "api.forbidden": "www.freshbooks.com/api/authentication: the token endpoint lies beside the API.",
    examplePath: "www.freshbooks.com/api/me_endpoint.",
  },
};
