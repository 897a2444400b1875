import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const CENTRES = "com|eu|in|com\\.au|com\\.cn|jp|sa";

/** Zoho Books. Each person's data lie in one of Zoho's data centres, which the callback and the token answer name. */
export const zohoBooks: Provider = {
  id: "zoho-books",
  displayName: "Zoho Books",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://accounts.zoho.com",
    authorization: "https://accounts.zoho.com/oauth/v2/auth",
    token: "https://accounts.zoho.com/oauth/v2/token",
    revocation: "https://accounts.zoho.com/oauth/v2/token/revoke",
  },
  apiOrigins: [],
  homes: {
    tokenEndpoint: {
      from: "callback",
      name: "accounts-server",
      pattern: `https://accounts\\.(?:zoho\\.(?:${CENTRES})|zohocloud\\.ca)`,
      origin: "{}",
    },
    api: {
      from: "token-answer",
      name: "api_domain",
      pattern: `https://(?:www\\.zohoapis|api\\.zoho)\\.(?:${CENTRES}|ca)`,
      origin: "{}",
    },
  },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["ZohoBooks.fullaccess.all"],
  scopeSeparator: ",",
  scopeAnswer: "not-comparable",
  offline: { kind: "parameter", name: "access_type", value: "offline" },
  authorizeParameters: { access_type: "offline", prompt: "consent" },
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 60 * 60_000,
    idleLifeMs: "unlimited",
    absoluteLifeMs: "none",
    rotation: { kind: "none" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { ...STANDARD_ERRORS, errorsInSuccess: true, rejectedErrors: ["invalid_code"] },
  subject: { kind: "none" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/books/v3/organizations",
    items: "organizations",
    idMember: "organization_id",
    nameMember: "name",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "query", name: "organization_id" },
  api: standardApi,
  revocation: "none",
  examplePath: "/books/v3/organizations",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints: "www.zoho.com/accounts/protocol/oauth: authorize, token and revoke below accounts.zoho.com/oauth/v2.",
    apiOrigins: "www.zoho.com/accounts/protocol/oauth/multi-dc: the same for nobody; see homes.",
    homes:
      "www.zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html and NangoHQ/nango: accounts-server in the callback is where the code goes, api_domain in the answer is where the API is. The data centres: zoho.com/books/api/v3/oauth, aspnet-contrib/AspNet.Security.OAuth.Providers, zoho.com/writer/help/api.",
    clientAuthentication: "www.zoho.com/accounts/protocol/oauth: client_id and client_secret as parameters.",
    defaultScopes: "www.zoho.com/books/api/v3/oauth: ZohoBooks.fullaccess.all.",
    scopeSeparator: "www.zoho.com/books/api/v3/oauth: scopes are separated by commas.",
    scopeAnswer: "Unknown: the documented token answer has no scope.",
    offline: "www.zoho.com/accounts/protocol/oauth: access_type=offline gives a refresh token.",
    authorizeParameters:
      "www.zoho.com/accounts/protocol/oauth: access_type=offline; prompt=consent, since without it only the first consent gives a refresh token.",
    "policy.accessLifeMs": "www.zoho.com/accounts/protocol/oauth: access tokens live one hour.",
    "policy.idleLifeMs": "zoho.com/thrive/resources/api/oauth-step3.html: the refresh token is permanent.",
    "policy.absoluteLifeMs":
      "zoho.com/thrive/resources/api/oauth-step3.html: the refresh token is permanent, but a person's 21st at one app ends the first.",
    "policy.rotation": "zoho.com/thrive/resources/api/oauth-step3.html: a refresh gives an access token alone.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh":
      "www.zoho.com/accounts/protocol/oauth: only the number of access tokens within ten minutes is limited.",
    "policy.repeatsDocumented":
      "zoho.com/thrive/resources/api/oauth-step3.html: the refresh token stays, so a refresh can be repeated.",
    errors: "Weble/ZohoBooksApi issue 84: invalid_code, with status 200, for a refresh token that is not valid.",
    subject: "Unknown without a scope of Zoho's directory, so each consent is a grant of its own.",
    grantPer: "www.zoho.com/books/api/v3: a token reaches all organisations of its user.",
    tenants:
      "www.zoho.com/books/api/v3/organizations: GET /organizations. Zoho writes its own scheme, Zoho-oauthtoken, before the token; ballerina-platform/openapi-connectors and NangoHQ/nango send Bearer to it.",
    tenantLocator: "www.zoho.com/books/api/v3/introduction: organization_id in the query of every request.",
    revocation:
      "www.zoho.com/accounts/protocol/oauth: the token goes into the address, where it would be logged; so it is not used.",
    ...standardApiSources,
    examplePath: "www.zoho.com/books/api/v3/organizations: GET /organizations.",
  },
};
