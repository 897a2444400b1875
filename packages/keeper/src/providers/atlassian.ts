import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const DAY_MS = 24 * 60 * 60_000;
const ROTATION = "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps, rotating refresh tokens";

/** Atlassian Cloud (Jira, Confluence), OAuth 2.0 (3LO). */
export const atlassian: Provider = {
  id: "atlassian",
  displayName: "Atlassian Cloud",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://auth.atlassian.com",
    authorization: "https://auth.atlassian.com/authorize",
    token: "https://auth.atlassian.com/oauth/token",
    revocation: null,
  },
  apiOrigins: ["https://api.atlassian.com"],
  homes: { tokenEndpoint: null, api: null },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["read:me", "read:jira-work", "offline_access"],
  scopeSeparator: " ",
  scopeAnswer: "comparable",
  offline: { kind: "scope", scope: "offline_access" },
  authorizeParameters: { audience: "api.atlassian.com", prompt: "consent" },
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 60 * 60_000,
    idleLifeMs: 90 * DAY_MS,
    absoluteLifeMs: 365 * DAY_MS,
    rotation: {
      kind: "grace",
      seconds: 600,
      anchor: "unknown",
      depth: "unknown",
      retry: "unknown",
      closesWhen: "unknown",
    },
    oldAccessToken: "dies",
    earlyRefresh: "allowed",
    repeatsDocumented: true,
  },
  errors: { ...STANDARD_ERRORS, rejectedErrors: ["unauthorized_client"] },
  subject: { kind: "api", path: "/me", member: "account_id" },
  grantPer: "person",
  tenants: {
    kind: "list",
    path: "/oauth/token/accessible-resources",
    items: "",
    idMember: "id",
    nameMember: "name",
    connectionIdMember: null,
    consent: null,
    deletable: false,
  },
  tenantLocator: { kind: "path", after: "/ex/*" },
  api: { ...standardApi, untenanted: ["/me"] },
  revocation: "none",
  examplePath: "/me",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps. No issuer is published: the origin stands for it.",
    apiOrigins: "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: https://api.atlassian.com.",
    homes: "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: the same for every site.",
    clientAuthentication:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: id and secret in the body. Its examples are JSON; form bodies are what RFC 6749 asks for.",
    defaultScopes:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: read:me for the user, read:jira-work as a start, offline_access for a refresh token.",
    scopeSeparator: "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: scopes are separated by spaces.",
    scopeAnswer: "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: scope of the answer names those given.",
    offline: "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: offline_access.",
    authorizeParameters:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: audience=api.atlassian.com and prompt=consent are required.",
    "policy.accessLifeMs": "community.developer.atlassian.com, topic 60806: access tokens expire after one hour.",
    "policy.idleLifeMs": `${ROTATION}: 90 days of inactivity.`,
    "policy.absoluteLifeMs": `${ROTATION}: 365 days.`,
    "policy.rotation": `${ROTATION}: single use, with ten minutes in which a spent one is taken again. From when they count, how far back, what a repeat answers and what closes them is unknown.`,
    "policy.oldAccessToken": `${ROTATION}: a refresh ends the access token before it.`,
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": `${ROTATION}: the ten minutes are there for network failures.`,
    errors:
      'raycast/extensions issue 11836: 403 unauthorized_client, "refresh_token is invalid"; developer.atlassian.com, OAuth 2.0 (3LO) apps, names invalid_grant for the same.',
    subject: "SocialiteProviders/Providers, Atlassian: GET /me, account_id.",
    grantPer:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: a token reaches every site that its user granted to the app.",
    tenants: "NangoHQ/nango, Jira: GET /oauth/token/accessible-resources.",
    tenantLocator:
      "developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps: /ex/jira/{cloudid}/… and /ex/confluence/{cloudid}/….",
    revocation: "developer.atlassian.com names no endpoint: a person takes an app's access away in their account.",
    ...standardApiSources,
    "api.untenanted": "developer.atlassian.com, user identity API: /me is about the user.",
    examplePath: "SocialiteProviders/Providers, Atlassian: GET /me.",
  },
};
