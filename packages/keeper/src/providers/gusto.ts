import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const PAGE = "docs.gusto.com/app-integrations/docs/authentication";

/** Gusto: a token is of one company. */
export const gusto: Provider = {
  id: "gusto",
  displayName: "Gusto",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://api.gusto.com",
    authorization: "https://api.gusto.com/oauth/authorize",
    token: "https://api.gusto.com/oauth/token",
    revocation: null,
  },
  apiOrigins: ["https://api.gusto.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: [],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "with-redirect-uri",
  policy: {
    accessLifeMs: 2 * 60 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "confirm-on-use" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "api", path: "/v1/token_info", member: "resource_owner.uuid" },
  grantPer: "person-and-tenant",
  tenants: {
    kind: "list",
    path: "/v1/token_info",
    items: "resource",
    idMember: "uuid",
    nameMember: "uuid",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "none" },
  api: {
    ...standardApi,
    forbidden: [{ methods: null, path: "/oauth/**", because: "it belongs to the authorization server" }],
    requestHeaders: ["x-gusto-api-version"],
  },
  revocation: "none",
  examplePath: "/v1/token_info",
  sources: {
    refreshRequest:
      "docs.gusto.com/embedded-payroll/v2023-04-01, authentication: the redirect URI goes along with a refresh; later versions leave it out.",
    endpoints:
      "NangoHQ/nango: below api.gusto.com/oauth; the demo environment is api.gusto-demo.com. No issuer is published: the origin stands for it.",
    apiOrigins: "NangoHQ/nango: https://api.gusto.com.",
    homes: `${PAGE}: the same for every company.`,
    clientAuthentication: `${PAGE}: id and secret in the body.`,
    defaultScopes: `${PAGE}: an app's scopes are set where it is registered.`,
    scopeSeparator: "RFC 6749 §3.3; there is no scope to ask for.",
    scopeAnswer: "Unknown: an app's scopes are set where it is registered.",
    offline: `${PAGE}: a refresh token comes with every code.`,
    authorizeParameters: `${PAGE}: none but those of RFC 6749.`,
    "policy.accessLifeMs":
      "docs.gusto.com/embedded-payroll/docs/company-access-tokens: access tokens expire after two hours.",
    "policy.idleLifeMs": "Unknown: no page of docs.gusto.com that was read names an end.",
    "policy.absoluteLifeMs": "Unknown: no page of docs.gusto.com that was read names an end.",
    "policy.rotation":
      "docs.gusto.com/embedded-payroll, refresh access token: the refresh token before is revoked when the new access token is first used.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented":
      "docs.gusto.com/embedded-payroll, refresh access token: what was not received cannot have been used, so the old one still works.",
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject: {
      unconfirmed:
        "docs.gusto.com/app-integrations/reference/get-v1-token-info: resource_owner. Clients that were read use resource alone; where there is no resource_owner, each consent is a grant of its own.",
    },
    grantPer: "docs.gusto.com/app-integrations/docs/oauth2: since v2023-05-01 an access token is of one company.",
    tenants: "NangoHQ/nango, Gusto: GET /v1/token_info, resource.",
    tenantLocator: "docs.gusto.com/app-integrations: a token reaches its company alone.",
    revocation: `${PAGE} names no endpoint.`,
    ...standardApiSources,
    "api.forbidden": `${PAGE}: the token endpoint lies beside the API.`,
    "api.requestHeaders": "docs.gusto.com/app-integrations/docs/api-versioning: X-Gusto-API-Version.",
    examplePath: "NangoHQ/nango, Gusto: GET /v1/token_info.",
  },
};
