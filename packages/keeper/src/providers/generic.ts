import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

/**
 * Any OAuth 2.0 authorization server that publishes metadata. Of its rules nothing is known, so the worst that the standards allow is
 * assumed: one lost answer may end the grant.
 */
export const generic: Provider = {
  id: "generic",
  displayName: "OAuth 2.0 provider with discovery",
  kind: "authorization_code",
  endpoints: { kind: "discovered" },
  apiOrigins: [],
  clientAuthentication: "client_secret_basic",
  defaultScopes: ["openid", "offline_access"],
  authorizeParameters: { prompt: "consent" },
  policy: {
    accessLifeMs: 60 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: { inactiveErrors: [], okMember: null },
  subject: { kind: "jwt-claim", token: "id", claim: "sub" },
  tenants: { kind: "none" },
  tenantLocator: { kind: "none" },
  api: standardApi,
  revocation: "refresh-token",
  examplePath: null,
  sources: {
    endpoints: "RFC 8414 §3, OpenID Connect Discovery 1.0 §4: found under the app's issuer.",
    apiOrigins: "Metadata does not say where an API is: the operator does, with the app.",
    clientAuthentication: "RFC 6749 §2.3.1: every server that gives out client secrets must take HTTP Basic.",
    defaultScopes: "OpenID Connect Core §3.1.2.1 (openid, for a subject) and §11 (offline_access).",
    authorizeParameters: "OpenID Connect Core §11: without prompt=consent a server has to ignore offline_access.",
    "policy.accessLifeMs": "Unknown; used only where an answer has no expires_in, and for scheduling in proportion.",
    "policy.idleLifeMs": "Unknown.",
    "policy.absoluteLifeMs": "Unknown.",
    "policy.rotation": "Unknown; RFC 9700 §4.14.2 allows the worst: a new token each time, and reuse ends the family.",
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": "Nothing in RFC 6749 promises that a lost answer can be asked for again.",
    errors: "RFC 6749 §5.2.",
    subject: "OpenID Connect Core §2: sub of the id token; without one each consent is a grant of its own.",
    tenants: "No standard way.",
    tenantLocator: "No standard way.",
    revocation: "RFC 7009, where the metadata names a revocation endpoint.",
    ...standardApiSources,
    examplePath: "Unknown.",
  },
};
