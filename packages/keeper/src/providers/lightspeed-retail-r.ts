import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const PAGE = "developers.lightspeedhq.com/retail/authentication";

/** Lightspeed Retail (R-Series). */
export const lightspeedRetailR: Provider = {
  id: "lightspeed-retail-r",
  displayName: "Lightspeed Retail (R-Series)",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://cloud.lightspeedapp.com",
    authorization: "https://cloud.lightspeedapp.com/auth/oauth/authorize",
    token: "https://cloud.lightspeedapp.com/auth/oauth/token",
    revocation: null,
  },
  apiOrigins: ["https://api.lightspeedapp.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["employee:all"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 30 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "none" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/API/V3/Account.json",
    items: "Account",
    idMember: "accountID",
    nameMember: "name",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "path", after: "/API/V3/Account" },
  api: standardApi,
  revocation: "none",
  examplePath: "/API/V3/Account.json",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "timothydc/laravel-lightspeed-retail-api: authorize and token below cloud.lightspeedapp.com/auth/oauth. It names cloud.lightspeedapp.com as the issuer of tokens.",
    apiOrigins: "timothydc/laravel-lightspeed-retail-api: https://api.lightspeedapp.com.",
    homes: "timothydc/laravel-lightspeed-retail-api: the same for every account.",
    clientAuthentication: "timothydc/laravel-lightspeed-retail-api: id and secret in the body.",
    defaultScopes: `${PAGE}/scopes: employee:all, for all that the person may do.`,
    scopeSeparator: `${PAGE}/authentication-overview: scopes are separated by spaces, written as plus signs.`,
    scopeAnswer: "Unknown: names can be those of the person's rights.",
    offline: `${PAGE}/authentication-overview: a refresh token comes with every code.`,
    authorizeParameters: `${PAGE}/authentication-overview: none but those of RFC 6749.`,
    "policy.accessLifeMs":
      "Unknown: an answer in samLozier/LightspeedRetailAPI_PY_lib says 1,800 seconds. Used only where an answer has no expires_in, and for scheduling in proportion.",
    "policy.idleLifeMs": "Unknown.",
    "policy.absoluteLifeMs": "Unknown.",
    "policy.rotation":
      "Unknown: a refresh gives a new refresh token, and third parties say that the one before lives until the new access token is first used. Lightspeed's own words were not read; so the worst.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented":
      "Unknown: no page of developers.lightspeedhq.com that was read speaks of a lost answer.",
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject: "Unknown, so each consent is a grant of its own.",
    grantPer: `${PAGE}/authentication-overview: tokens are of one user.`,
    tenants: "GET /API/V3/Account.json, as the page on rate limits of developers.lightspeedhq.com shows it.",
    tenantLocator: "timothydc/laravel-lightspeed-retail-api: /API/V3/Account/{accountID}/….",
    revocation: `${PAGE} names no endpoint.`,
    ...standardApiSources,
    examplePath: "GET /API/V3/Account.json, as the page on rate limits of developers.lightspeedhq.com shows it.",
  },
};
