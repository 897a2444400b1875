import type { ApiRules } from "../ports/provider.ts";

const MINUTE_MS = 60_000;

/** Xero's API, the same for both kinds of connection. */
export const xeroApi: ApiRules = {
  forbidden: [
    { methods: ["DELETE"], path: "/connections/**", because: "it would end a connection at the provider" },
    { methods: null, path: "/connect/**", because: "it belongs to the authorization server" },
    { methods: null, path: "/identity/**", because: "it belongs to the authorization server" },
    { methods: null, path: "/.well-known/**", because: "it belongs to the authorization server" },
  ],
  untenanted: ["/connections"],
  requestHeaders: [],
  answerHeaders: ["xero-correlation-id", "x-rate-limit-problem"],
  limits: {
    tenant: {
      concurrent: 5,
      windows: [
        { name: "minute", spanMs: MINUTE_MS, calls: 60 },
        { name: "day", spanMs: 24 * 60 * MINUTE_MS, calls: 5_000 },
      ],
    },
    app: { concurrent: null, windows: [{ name: "app-minute", spanMs: MINUTE_MS, calls: 10_000 }] },
    leftHeaders: {
      minute: "x-minlimit-remaining",
      day: "x-daylimit-remaining",
      "app-minute": "x-appminlimit-remaining",
    },
    problem: { header: "x-rate-limit-problem", windows: { minute: "minute", day: "day", appminute: "app-minute" } },
  },
  refusals: [
    { status: 401, where: "body", holds: "tokenexpired", means: "token-expired" },
    { status: 401, where: "www-authenticate", holds: "insufficent_scope", means: "scope-missing" },
    { status: 401, where: "www-authenticate", holds: "insufficient_scope", means: "scope-missing" },
    { status: 401, where: "body", holds: "authorizationunsuccessful", means: "scope-missing" },
    { status: 403, where: "body", holds: "authenticationunsuccessful", means: "tenant-refused" },
  ],
};

/** Where each rule is written. */
export const xeroApiSources: Readonly<Record<string, string>> = {
  "api.forbidden":
    "XeroAPI/Xero-OpenAPI xero-identity.yaml: DELETE /connections/{id} ends a connection. The other paths are those of Xero's identity server, in case an operator puts both behind one origin.",
  "api.untenanted": "XeroAPI/Xero-OpenAPI xero-identity.yaml: GET /connections takes no Xero-Tenant-Id.",
  "api.requestHeaders": "XeroAPI/xero-node sends none but the tenant and the usual ones.",
  "api.answerHeaders": "Recorded answers: Xero-Correlation-Id, and X-Rate-Limit-Problem at a 429.",
  "api.limits":
    "developer.xero.com, API limits: 5 calls in progress, 60 a minute and 5,000 a day for each organisation, 10,000 a minute for an app; answers say what is left (X-MinLimit-Remaining, X-DayLimit-Remaining, X-AppMinLimit-Remaining) and a 429 which limit was met (X-Rate-Limit-Problem). Apps of the Starter tier have 1,000 a day: the counters say so.",
  "api.refusals":
    "Recorded answers: 401 with Detail TokenExpired; 401 with Detail AuthorizationUnsuccessful and the challenge insufficent_scope for a missing scope; 403 with Detail AuthenticationUnsuccessful for an organisation that is wrong or gone (XeroAPI/xero-node issue 432).",
};
