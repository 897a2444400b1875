import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const DAY_MS = 24 * 60 * 60_000;
const PAGE = "developers.google.com/identity/protocols/oauth2";

/** Google APIs, web server applications. */
export const google: Provider = {
  id: "google",
  displayName: "Google",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://accounts.google.com",
    authorization: "https://accounts.google.com/o/oauth2/v2/auth",
    token: "https://oauth2.googleapis.com/token",
    revocation: "https://oauth2.googleapis.com/revoke",
  },
  apiOrigins: ["https://www.googleapis.com", "https://sheets.googleapis.com", "https://gmail.googleapis.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["openid", "https://www.googleapis.com/auth/userinfo.email"],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "parameter", name: "access_type", value: "offline" },
  authorizeParameters: { access_type: "offline", prompt: "consent" },
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 60 * 60_000,
    idleLifeMs: 180 * DAY_MS,
    absoluteLifeMs: "unknown",
    rotation: { kind: "none" },
    oldAccessToken: "survives",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "jwt-claim", token: "id", claim: "sub" },
  grantPer: "person",
  tenants: { kind: "none" },
  tenantLocator: { kind: "none" },
  api: standardApi,
  revocation: "refresh-token",
  examplePath: "/oauth2/v3/userinfo",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints: "googleapis/google-auth-library-nodejs: authorize, token and revoke endpoints, and the issuer.",
    apiOrigins:
      "NangoHQ/nango: APIs lie at www.googleapis.com and at hosts of their own; add others by the app's origins.",
    homes: `${PAGE}: the same for everyone.`,
    clientAuthentication: "googleapis/google-auth-library-nodejs: id and secret in the body.",
    defaultScopes: `${PAGE}/scopes, in the long form that answers use; add those of the APIs that are called.`,
    scopeSeparator: "simov/grant: scopes are separated by spaces.",
    scopeAnswer: `${PAGE}/web-server: scope of the answer names those given; a person can leave some out.`,
    offline: "googleapis/google-auth-library-nodejs, README: access_type=offline gives a refresh token.",
    authorizeParameters:
      "googleapis/google-auth-library-nodejs, README: access_type=offline; prompt=consent, since otherwise only the first consent gives a refresh token.",
    "policy.accessLifeMs": `${PAGE}/web-server: expires_in of about an hour.`,
    "policy.idleLifeMs":
      "developers.google.com/identity/protocols/oauth2, as stackoverflow.com question 8953983 and docs.gitguardian.com quote it: a refresh token that was not used for six months stops working.",
    "policy.absoluteLifeMs": `Unknown; ${PAGE}: seven days while the app's publishing status is "Testing", and an administrator can set session lengths.`,
    "policy.rotation": `${PAGE}/web-server: a refresh gives an access token alone; the refresh token stays.`,
    "policy.oldAccessToken": `${PAGE}: an access token is valid until it expires or is revoked.`,
    "policy.earlyRefresh": `${PAGE}/web-server: a refresh is possible at any time.`,
    "policy.repeatsDocumented": `${PAGE}/web-server: the refresh token stays, so a refresh can be repeated.`,
    errors: `${PAGE}/web-server: invalid_grant for expired and revoked refresh tokens.`,
    subject: "developers.google.com/identity/openid-connect: sub of the id token, unique and never reused.",
    grantPer: `${PAGE}: tokens are of one Google Account and one client.`,
    tenants: "developers.google.com/identity/openid-connect: there is the account, and no organisation to choose.",
    tenantLocator: "developers.google.com/identity/openid-connect: there is no organisation to name.",
    revocation: "googleapis/google-auth-library-nodejs: POST https://oauth2.googleapis.com/revoke.",
    ...standardApiSources,
    examplePath: "jaredhanson/passport-google-oauth2: GET /oauth2/v3/userinfo.",
  },
};
