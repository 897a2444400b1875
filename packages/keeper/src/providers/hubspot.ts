import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

/** HubSpot: a token is one user's in one account. */
export const hubspot: Provider = {
  id: "hubspot",
  displayName: "HubSpot",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://app.hubspot.com",
    authorization: "https://app.hubspot.com/oauth/authorize",
    token: "https://api.hubapi.com/oauth/v3/token",
    revocation: "https://api.hubapi.com/oauth/2026-03/token/revoke",
  },
  apiOrigins: ["https://api.hubapi.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["oauth"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 30 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "none" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { ...STANDARD_ERRORS, errorMember: "status", rejectedErrors: ["BAD_REFRESH_TOKEN"] },
  subject: { kind: "token-answer", member: "user_id", pattern: "\\d{1,20}" },
  grantPer: "person-and-tenant",
  tenants: {
    kind: "list",
    path: "/account-info/v3/details",
    items: null,
    idMember: "portalId",
    nameMember: "portalId",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "none" },
  api: {
    ...standardApi,
    forbidden: [{ methods: null, path: "/oauth/**", because: "it belongs to the authorization server" }],
  },
  revocation: "refresh-token",
  examplePath: "/account-info/v3/details",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide (authorize, token) and …/latest/authentication/oauth-tokens/revoke-token. No issuer is published: the authorize origin stands for it.",
    apiOrigins: "developers.hubspot.com/docs/api-reference: https://api.hubapi.com.",
    homes: "developers.hubspot.com/docs/api-reference: the same for every account.",
    clientAuthentication: "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: id and secret in the body.",
    defaultScopes: "developers.hubspot.com/docs, scopes: oauth is the one that every app has; add what it needs.",
    scopeSeparator: "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: scopes are separated by spaces.",
    scopeAnswer: "Unknown: the documented token answer has scopes, an array, instead.",
    offline: "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: a refresh token comes with every code.",
    authorizeParameters: "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: none but those of RFC 6749.",
    "policy.accessLifeMs":
      "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: 30 minutes, as expires_in says.",
    "policy.idleLifeMs": "Unknown: no end but the app's removal is documented.",
    "policy.absoluteLifeMs": "Unknown: no end but the app's removal is documented.",
    "policy.rotation":
      "developers.hubspot.com/docs/api-reference/auth-oauth-v1/tokens: the refresh token is stored once and used whenever an access token has expired.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented":
      "developers.hubspot.com/docs/api-reference/auth-oauth-v1/tokens: the refresh token stays, so a refresh can be repeated.",
    errors: {
      unconfirmed:
        "nango.dev/blog/hubspot-oauth-bad-refresh-token and HGData/mk-node-hubspot issue 64: status BAD_REFRESH_TOKEN with 400, of the first version of this endpoint. What the third answers was read nowhere; invalid_grant is understood too.",
    },
    subject: {
      unconfirmed:
        "developers.hubspot.com/docs/api-reference/auth-oauth-v1/tokens: the answer names the user by id; that the third version writes user_id was read nowhere. Where it does not, each consent is a grant of its own.",
    },
    grantPer:
      "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: an app is installed into one account at a time.",
    tenants: "NangoHQ/nango: GET /account-info/v3/details, portalId.",
    tenantLocator: "developers.hubspot.com/docs: a token is of one account.",
    revocation: "developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens/revoke-token.",
    ...standardApiSources,
    "api.forbidden":
      "developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide: the token endpoint lies beside the API.",
    examplePath: "developers.hubspot.com/docs, account information.",
  },
};
