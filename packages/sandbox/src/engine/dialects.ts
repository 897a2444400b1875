import { type Switches, xero } from "./switches.ts";

/** A provider's way with refresh tokens, as the switches in which it differs from `xero`. What the source does not say stays Xero's. */
export interface Dialect {
  readonly about: string;
  readonly source: string;
  readonly switches: Partial<Switches>;
}

const DAY_SECONDS = 86_400;
// The longest time a switch takes: a window that only a count closes.
const WITHOUT_END_SECONDS = 315_576_000_000;

/** Named "like": what is documented or was read in the code of these servers, not the servers themselves. */
export const PRESETS = {
  xero: {
    about: "Single use; a spent token may be repeated for 30 minutes after its first use.",
    source: "developer.xero.com/faq/oauth2; Xero staff, community discussion 127920775; Xero-NetStandard issue 271",
    switches: {},
  },
  strict: {
    about:
      "No grace: a repeated refresh token or code ends its whole family, access tokens included. Errors as the standards have them.",
    source: "RFC 9700 §4.14.2 and §2.1.1, RFC 6749 §4.1.2.1 and §5.2, RFC 9207",
    switches: {
      rotation: "strict",
      after_grace: "revoke-family",
      access_token_on_revoke: "revoke",
      "code.replay": "revoke-family",
      "authorize.errors": "redirect",
      "token.malformed_error": "invalid_request",
      "invalid_client.status": 401,
      "error_description.token": true,
      "error_description.access_denied": true,
      "callback.iss": true,
    },
  },
  "closing-grace": {
    about:
      "A repeat ends the successor it replaces, the first use of a successor closes the window, and a repeat after that ends the family.",
    source:
      "the strictest grace in use: Airlock IAM documentation (newest pair only, until it is used) with RFC 9700 §4.14.2 after it",
    switches: { "grace.retry": "supersede", "grace.closes_when": "successor-used", after_grace: "revoke-family" },
  },
  okta: {
    about:
      "A spent token stays valid for 30 seconds; after that its use ends the newest refresh token and all access tokens.",
    source: "Okta developer documentation, refresh token rotation: grace period 0 to 60 s, 30 s by default",
    switches: { "grace.seconds": 30, after_grace: "revoke-family", access_token_on_revoke: "revoke" },
  },
  auth0: {
    about:
      "Only the token before the present one may be repeated, within the operator's leeway (60 s here); an older one ends the family.",
    source: "Auth0 documentation, refresh token rotation, rotation overlap period; auth0/docs issue 8821",
    switches: { "grace.seconds": 60, "grace.depth": "parent-only", after_grace: "revoke-family" },
  },
  supabase: {
    about:
      "A repeat within 10 seconds gives the token in use; at any time, the parent of an unused token gives that token again.",
    source: "supabase/auth source (version 1 tokens) and pull request 466",
    switches: {
      "grace.seconds": 10,
      "grace.retry": "same",
      "grace.same_gives": "active",
      "grace.parent_exception": true,
      after_grace: "revoke-family",
    },
  },
  hydra: {
    about:
      "Every repeat within the grace period gives a new pair; the first use anchors it. After it, all tokens of the consent end.",
    source:
      "ory/hydra source and documentation: rotation_grace_period, at most 5 min unless rotation_grace_reuse_count is set",
    switches: { "grace.seconds": 300, after_grace: "revoke-family", access_token_on_revoke: "revoke" },
  },
  keycloak: {
    about: "A count instead of a time: a token may be repeated once, however late; one use more ends the login.",
    source: "Keycloak documentation, Refresh Token Max Reuse (1 here); keycloak issues 45647 and 46054 (CVE-2026-1035)",
    switches: {
      "grace.seconds": WITHOUT_END_SECONDS,
      "grace.max_uses": 2,
      after_grace: "revoke-family",
      access_token_on_revoke: "revoke",
    },
  },
  wso2: {
    about:
      "A repeat within 30 seconds ends the child it gave before and gives a new one; using the child closes the window.",
    source:
      "wso2-extensions/identity-inbound-auth-oauth pull request 3241; wso2/docs-is pull request 6173 (30 s, count 1 to 5)",
    switches: {
      "grace.seconds": 30,
      "grace.max_uses": 5,
      "grace.retry": "supersede",
      "grace.closes_when": "successor-used",
    },
  },
  cognito: {
    about:
      "A spent token stays valid for the retry grace period (60 s here), then it is an error and nothing else happens.",
    source: "AWS Cognito documentation, refresh token rotation: RetryGracePeriodSeconds 0 to 60",
    switches: { "grace.seconds": 60 },
  },
  atlassian: {
    about: "Single use with 10 minutes to repeat; the old access token dies; 90 idle days, 365 days in all.",
    source: "developer.atlassian.com, OAuth 2.0 (3LO) apps, rotating refresh tokens",
    switches: {
      "grace.seconds": 600,
      access_token_on_rotate: "revoke",
      "access_token.ttl_seconds": 3600,
      "refresh.idle_ttl_seconds": 90 * DAY_SECONDS,
      "refresh.absolute_ttl_seconds": 365 * DAY_SECONDS,
    },
  },
  lightspeed: {
    about: "The old refresh token lives until the new access token, or the new refresh token, is first used.",
    source: "Lightspeed Retail (R-Series) developer documentation and Gusto developer documentation, refresh tokens",
    switches: { rotation: "confirm-on-use", "refresh.idle_ttl_seconds": 30 * DAY_SECONDS },
  },
  none: {
    about: "The refresh token stays as it is and every use starts its idle time afresh.",
    source: "Google, Using OAuth 2.0 to access Google APIs; Zoho accounts documentation",
    switches: { rotation: "none" },
  },
} as const satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof PRESETS;

/** Each preset with every switch. */
export const DIALECTS = Object.fromEntries(
  Object.entries(PRESETS).map(([name, { switches }]) => [name, { ...xero, ...switches }]),
) as { readonly [Name in DialectName]: Switches };

/** RFC 9700 §4.14.2 to the letter. */
export const { strict } = DIALECTS;
