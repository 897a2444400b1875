import { STANDARD_ERRORS } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { standardApi, standardApiSources } from "./standard-api.ts";

const PREFIX = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const PAGE = "x-series-api.lightspeedhq.com/docs/authorization";
const CHANGE = "x-series-api.lightspeedhq.com/changelog/2025-03-refresh-token-flow-update";

/** Lightspeed Retail (X-Series), once Vend. Each store has a host of its own, for the token endpoint too. */
export const lightspeedRetailX: Provider = {
  id: "lightspeed-retail-x",
  displayName: "Lightspeed Retail (X-Series)",
  kind: "authorization_code",
  endpoints: {
    kind: "fixed",
    issuer: "https://secure.retail.lightspeed.app",
    authorization: "https://secure.retail.lightspeed.app/connect",
    token: "https://secure.retail.lightspeed.app/api/1.0/token",
    revocation: null,
  },
  apiOrigins: [],
  homes: {
    tokenEndpoint: {
      from: "callback",
      name: "domain_prefix",
      pattern: PREFIX,
      origin: "https://{}.retail.lightspeed.app",
    },
    api: { from: "token-answer", name: "domain_prefix", pattern: PREFIX, origin: "https://{}.retail.lightspeed.app" },
  },
  clientAuthentication: "client_secret_post",
  defaultScopes: ["products:read", "sales:read", "customers:read"],
  scopeSeparator: " ",
  scopeAnswer: "not-comparable",
  offline: { kind: "always" },
  authorizeParameters: {},
  refreshRequest: "standard",
  policy: {
    accessLifeMs: 7 * 24 * 60 * 60_000,
    idleLifeMs: "unknown",
    absoluteLifeMs: "unknown",
    rotation: { kind: "strict" },
    oldAccessToken: "unknown",
    earlyRefresh: "allowed",
    repeatsDocumented: false,
  },
  errors: STANDARD_ERRORS,
  subject: { kind: "none" },
  grantPer: "person-and-tenant",
  tenants: { kind: "token-answer", member: "domain_prefix", pattern: PREFIX },
  tenantLocator: { kind: "host" },
  api: {
    ...standardApi,
    forbidden: [{ methods: null, path: "/api/1.0/token", because: "it belongs to the authorization server" }],
  },
  revocation: "none",
  examplePath: "/api/2.0/products",
  sources: {
    refreshRequest: "RFC 6749 §6; nothing else is known to be asked for.",
    endpoints:
      "x-series-api.lightspeedhq.com/docs/authorization and NangoHQ/nango: authorize at secure.retail.lightspeed.app/connect, token at /api/1.0/token of the store's host. No issuer is published: the authorize origin stands for it.",
    apiOrigins: `${PAGE}: the same for nobody; see homes.`,
    homes: `${PAGE}: domain_prefix in the callback and in the token answer; https://{domain_prefix}.retail.lightspeed.app.`,
    clientAuthentication: `${PAGE}: id and secret in the body.`,
    defaultScopes: "x-series-api.lightspeedhq.com/docs/scopes: an app has to ask for scopes; the three of its example.",
    scopeSeparator: "x-series-api.lightspeedhq.com/docs/scopes: scopes are separated by spaces.",
    scopeAnswer: "Unknown.",
    offline: `${PAGE}: a refresh token comes with every code.`,
    authorizeParameters: `${PAGE}: none but those of RFC 6749.`,
    "policy.accessLifeMs": `${CHANGE}: expires_in 604800 in the documented answer.`,
    "policy.idleLifeMs": "Unknown.",
    "policy.absoluteLifeMs": "Unknown.",
    "policy.rotation": `${CHANGE}: the refresh token that was used is revoked once a new one is issued. What a reuse does beyond is unknown; so the worst.`,
    "policy.oldAccessToken": "Unknown.",
    "policy.earlyRefresh": "RFC 6749 §6 puts no earliest time on a refresh.",
    "policy.repeatsDocumented": `${CHANGE} says nothing of a lost answer.`,
    errors: "RFC 6749 §5.2; no codes of its own are known.",
    subject: "Unknown, so each consent is a grant of its own.",
    grantPer: `${PAGE}: tokens are of one store.`,
    tenants: `${CHANGE}: domain_prefix of the token answer.`,
    tenantLocator: `${PAGE}: the host.`,
    revocation: `${PAGE} names no endpoint.`,
    ...standardApiSources,
    "api.forbidden": `${PAGE}: the token endpoint lies beside the API.`,
    examplePath: "x-series-api.lightspeedhq.com/docs/scopes: GET /api/2.0/products, with products:read.",
  },
};
