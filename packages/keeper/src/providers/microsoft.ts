import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const DAY_MS = 24 * 60 * 60_000;
const PAGE = "learn.microsoft.com/entra/identity-platform";

/** Microsoft identity platform, any tenant, with Microsoft Graph. An app of one tenant: `generic`, with that tenant's issuer. */
export const microsoft: Provider = {
  id: "microsoft",
  displayName: "Microsoft",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://login.microsoftonline.com/common/v2.0",
    authorization: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    revocation: null,
  },
  apiOrigins: ["https://graph.microsoft.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["openid", "offline_access", "https://graph.microsoft.com/User.Read"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "scope", scope: "offline_access" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 60 * 60_000,
    idleLifeMs: 90 * DAY_MS,
    absoluteLifeMs: "unknown",
    rotation: { kind: "unrevoked" },
    oldAccessToken: "survives",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { ...STANDARD_ERRORS, rejectedErrors: ["interaction_required", "consent_required", "login_required"] },
  subject: { kind: "jwt-claim", token: "id", claim: "sub" },
  grantPer: "person",
  tenants: { kind: "none" },
  tenantLocator: { kind: "none" },
  api: {
    ...standardApi,
    refusals: [
      { status: 401, where: "body", holds: "invalidauthenticationtoken", means: "token-expired" },
      ...standardApi.refusals,
    ],
  },
  revocation: "none",
  examplePath: "/v1.0/me",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      'SocialiteProviders/Providers and simov/grant: with the tenant "common". Its metadata names an issuer for each directory: this one stands for them.',
    apiOrigins: "learn.microsoft.com/graph/use-the-api: https://graph.microsoft.com; national clouds have others.",
    homes: "learn.microsoft.com/graph/deployments: the same for everyone within one cloud.",
    clientAuthentication: `${PAGE}/v2-oauth2-auth-code-flow: id and secret in the body.`,
    defaultScopes: `${PAGE}/scopes-oidc: openid and offline_access; User.Read as a start.`,
    scopeSeparator: `${PAGE}/v2-oauth2-auth-code-flow: scopes are separated by spaces.`,
    scopeAnswer: `${PAGE}/v2-oauth2-auth-code-flow: scope of the answer is what the access token is valid for, which leaves out offline_access and may write names differently.`,
    offline: `${PAGE}/scopes-oidc: offline_access.`,
    authorizeParameters: `${PAGE}/v2-oauth2-auth-code-flow: none but those of RFC 6749.`,
    "policy.accessLifeMs": `${PAGE}/access-tokens: between 60 and 90 minutes; expires_in says it.`,
    "policy.idleLifeMs": `${PAGE}/refresh-tokens: 90 days.`,
    "policy.absoluteLifeMs": "Unknown: policies of a tenant can end a session.",
    "policy.rotation": `${PAGE}/refresh-tokens: a fresh one at every use, and the old ones are not revoked.`,
    "policy.oldAccessToken": `${PAGE}/access-tokens: an access token is valid until it expires.`,
    "policy.earlyRefresh": `${PAGE}/refresh-tokens: at any time.`,
    "policy.repeatsDocumented": `${PAGE}/refresh-tokens: old refresh tokens are not revoked, so a refresh can be repeated.`,
    errors:
      "learn.microsoft.com, @azure/msal-node, InteractionRequiredAuthErrorCodes: interaction_required, consent_required and login_required where only the person can go on.",
    subject: `${PAGE}/id-token-claims-reference: sub, one for each person and app.`,
    grantPer: `${PAGE}/refresh-tokens: bound to user and client, not to a resource or tenant.`,
    tenants: `${PAGE}/refresh-tokens: a token is of one directory, and there is none to choose.`,
    tenantLocator: "learn.microsoft.com/graph/use-the-api: there is no organisation to name.",
    revocation: `${PAGE}/refresh-tokens: sign-in sessions are revoked by an administrator or the person.`,
    ...standardApiSources,
    "api.refusals":
      "learn.microsoft.com/graph/resolve-auth-errors: 401 for a token that is not valid or has expired; microsoftgraph/msgraph-sdk-javascript issue 1450: with InvalidAuthenticationToken. RFC 6750 §3.1.",
    examplePath: "SocialiteProviders/Providers, Microsoft: GET /v1.0/me.",
  },
};
