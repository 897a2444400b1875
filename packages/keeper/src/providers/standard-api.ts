import type { ApiRules } from "../ports/provider.ts";

/** An API of which nothing is known but the standards: bearer tokens (RFC 6750) and `Retry-After` (RFC 9110). */
export const standardApi: ApiRules = {
  forbidden: [],
  untenanted: [],
  requestHeaders: [],
  answerHeaders: [],
  limits: null,
  refusals: [
    { status: 401, where: "www-authenticate", holds: "insufficient_scope", means: "scope-missing" },
    { status: 401, where: "www-authenticate", holds: "invalid_token", means: "token-expired" },
    { status: 403, where: "www-authenticate", holds: "insufficient_scope", means: "scope-missing" },
  ],
};

/** Where each rule is written. */
export const standardApiSources: Readonly<Record<string, string>> = {
  "api.forbidden": "Unknown: so nothing but the standards.",
  "api.untenanted": "Unknown: so nothing but the standards.",
  "api.requestHeaders": "Unknown; the usual ones are those of RFC 9110.",
  "api.answerHeaders": "Unknown; the usual ones are those of RFC 9110.",
  "api.limits": "Unknown; a Retry-After is followed (RFC 9110 §10.2.3).",
  "api.refusals": "RFC 6750 §3.1: invalid_token and insufficient_scope.",
};
