import { API_SWITCHES, type ApiSwitches, xeroApi } from "./api-switches.ts";
import {
  CUSTOM_CONNECTION_SWITCHES,
  type CustomConnectionSwitches,
  xeroCustomConnections,
} from "./custom-connection-switches.ts";
import type { AfterGrace, GraceRetry, RefreshPolicy, Rotation } from "./rotation.ts";
import { type Accepts, countOrNull, facts, oneOf, onOff, type SwitchFacts, seconds } from "./switch-facts.ts";

export type { SwitchFacts } from "./switch-facts.ts";

/** Every point where providers differ, or where nobody outside Xero knows the answer. Times are in seconds. */
export interface Switches extends ApiSwitches, CustomConnectionSwitches {
  readonly rotation: Rotation["kind"];
  readonly "grace.seconds": number;
  readonly "grace.anchor": "first-use" | "last-use";
  readonly "grace.depth": "any" | "parent-only";
  readonly "grace.max_uses": number | null;
  readonly "grace.retry": GraceRetry;
  readonly "grace.closes_when": "never" | "successor-used";
  readonly "grace.same_gives": "successor" | "active";
  readonly "grace.parent_exception": boolean;
  readonly after_grace: AfterGrace;
  readonly "access_token.ttl_seconds": number;
  readonly access_token_on_rotate: "keep" | "revoke";
  readonly access_token_on_revoke: "keep-until-exp" | "revoke";
  readonly "refresh.idle_ttl_seconds": number;
  readonly "refresh.sliding": boolean;
  readonly "refresh.absolute_ttl_seconds": number | null;
  readonly second_consent_kills_first: boolean;
  readonly password_change_kills_refresh: boolean;
  readonly "code.ttl_seconds": number;
  readonly "code.replay": "reject" | "revoke-family";
  readonly "authorize.errors": "page" | "redirect";
  readonly "scopes.by_date": boolean;
  readonly "scopes.broad_after_end": "refused" | "kept";
  readonly third_uncertified_app: "refuse" | "push-out";
  readonly "id_token.ttl_seconds": number;
  readonly "invalid_client.status": 400 | 401;
  readonly "error_description.token": boolean;
  readonly "error_description.access_denied": boolean;
  readonly "callback.scope_echo": boolean;
  readonly "callback.iss": boolean;
  readonly pkce_confidential: "accept" | "ignore";
  readonly "acr_values.tenant": "ignore" | "preselect";
  readonly auth_event_id_on_reconnect: "keep" | "new";
  readonly "revocation.access_token": "only-that-token" | "ignore";
  readonly "token.multipart": "accept" | "refuse";
  readonly "token.rate_limit": number | null;
  readonly "token.malformed_error": "unsupported_grant_type" | "invalid_request";
  readonly "scope_401.spelling": "insufficent_scope" | "insufficient_scope";
  readonly "401_key_case": "capitalised" | "lower";
}

export type SwitchName = keyof Switches;

/** Xero as documented; where Xero is silent, the value with the better evidence. */
export const xero: Switches = {
  rotation: "grace",
  "grace.seconds": 1800,
  "grace.anchor": "first-use",
  "grace.depth": "any",
  "grace.max_uses": null,
  "grace.retry": "sibling",
  "grace.closes_when": "never",
  "grace.same_gives": "successor",
  "grace.parent_exception": false,
  after_grace: "reject",
  "access_token.ttl_seconds": 1800,
  access_token_on_rotate: "keep",
  access_token_on_revoke: "keep-until-exp",
  "refresh.idle_ttl_seconds": 60 * 86_400,
  "refresh.sliding": true,
  "refresh.absolute_ttl_seconds": null,
  second_consent_kills_first: false,
  password_change_kills_refresh: false,
  "code.ttl_seconds": 300,
  "code.replay": "reject",
  "authorize.errors": "page",
  "scopes.by_date": true,
  "scopes.broad_after_end": "refused",
  third_uncertified_app: "refuse",
  "id_token.ttl_seconds": 300,
  "invalid_client.status": 400,
  "error_description.token": false,
  "error_description.access_denied": false,
  "callback.scope_echo": false,
  "callback.iss": false,
  pkce_confidential: "accept",
  "acr_values.tenant": "ignore",
  auth_event_id_on_reconnect: "keep",
  "revocation.access_token": "only-that-token",
  "token.multipart": "accept",
  "token.rate_limit": null,
  "token.malformed_error": "unsupported_grant_type",
  "scope_401.spelling": "insufficent_scope",
  "401_key_case": "capitalised",
  ...xeroCustomConnections,
  ...xeroApi,
};

/** The part of the switches that `decideRefresh` reads, in its own words. */
export function refreshPolicy(switches: Switches): RefreshPolicy {
  const absolute = switches["refresh.absolute_ttl_seconds"];
  return {
    rotation: rotationOf(switches),
    afterGrace: switches.after_grace,
    idleTtlMs: switches["refresh.idle_ttl_seconds"] * 1000,
    sliding: switches["refresh.sliding"],
    absoluteTtlMs: absolute === null ? null : absolute * 1000,
  };
}

function rotationOf(switches: Switches): Rotation {
  const kind = switches.rotation;
  if (kind !== "grace") return { kind };
  return {
    kind,
    seconds: switches["grace.seconds"],
    anchor: switches["grace.anchor"],
    depth: switches["grace.depth"],
    maxUses: switches["grace.max_uses"],
    retry: switches["grace.retry"],
    closesWhen: switches["grace.closes_when"],
    sameGives: switches["grace.same_gives"],
    parentException: switches["grace.parent_exception"],
  };
}

/** What each switch accepts and means. */
export const SWITCHES: { readonly [K in SwitchName]: SwitchFacts } = {
  rotation: facts(
    oneOf("none", "grace", "confirm-on-use", "strict", "unrevoked"),
    "documented",
    "How refresh tokens are replaced.",
  ),
  "grace.seconds": facts(seconds, "documented", "How long a spent refresh token may be repeated."),
  "grace.anchor": facts(oneOf("first-use", "last-use"), "evidence", "What the grace counts from."),
  "grace.depth": facts(
    oneOf("any", "parent-only"),
    "identityserver",
    "Whether a token may be repeated after its successor was used.",
  ),
  "grace.max_uses": facts(countOrNull, "documented", "How often one token may be used in all; null: no limit."),
  "grace.retry": facts(
    oneOf("sibling", "same", "supersede"),
    "identityserver",
    "What a repeat gives: one more successor, the same one, or one that ends the others.",
  ),
  "grace.closes_when": facts(
    oneOf("never", "successor-used"),
    "evidence",
    "Whether using the successor ends the grace of the old token.",
  ),
  "grace.same_gives": facts(
    oneOf("successor", "active"),
    "proposal",
    "Which token a repeat under `same` gives once the successor was used: none, or the one that is now in use.",
  ),
  "grace.parent_exception": facts(
    onOff,
    "proposal",
    "Whether a spent token may be repeated at any time while its successor was not used.",
  ),
  after_grace: facts(oneOf("reject", "revoke-family"), "evidence", "What a spent token outside its grace does."),
  "access_token.ttl_seconds": facts(seconds, "documented", "Life of an access token."),
  access_token_on_rotate: facts(
    oneOf("keep", "revoke"),
    "proposal",
    "Whether a refresh ends the access token that came with the refresh token.",
  ),
  access_token_on_revoke: facts(
    oneOf("keep-until-exp", "revoke"),
    "proposal",
    "Whether revoking a grant ends its access tokens.",
  ),
  "refresh.idle_ttl_seconds": facts(seconds, "documented", "Life of an unused refresh token."),
  "refresh.sliding": facts(onOff, "evidence", "Whether every new refresh token gets the full idle life."),
  "refresh.absolute_ttl_seconds": facts(
    countOrNull,
    "evidence",
    "End of a consent counted from its first token; null: none.",
  ),
  second_consent_kills_first: facts(
    onOff,
    "proposal",
    "Whether a new consent of the same person ends the earlier refresh tokens.",
  ),
  password_change_kills_refresh: facts(onOff, "proposal", "Whether a new password ends the person's refresh tokens."),
  "code.ttl_seconds": facts(seconds, "identityserver", "Life of an authorization code."),
  "code.replay": facts(
    oneOf("reject", "revoke-family"),
    "identityserver",
    "Whether a code used twice ends the tokens it gave.",
  ),
  "authorize.errors": facts(
    oneOf("page", "redirect"),
    "documented",
    "Whether a bad authorize request is shown to the person or, where client and redirect URI are sound, told to the app (RFC 6749 §4.1.2.1).",
  ),
  "scopes.by_date": facts(
    onOff,
    "documented",
    "Whether broad scopes are refused to apps created from 2 March 2026, and to all from September 2027.",
  ),
  "scopes.broad_after_end": facts(
    oneOf("refused", "kept"),
    "proposal",
    "Whether broad scopes inside older tokens still open the API from September 2027.",
  ),
  third_uncertified_app: facts(
    oneOf("refuse", "push-out"),
    "evidence",
    "What a third uncertified app at one organisation does: it is refused, or ends the connection that was renewed longest ago.",
  ),
  "id_token.ttl_seconds": facts(seconds, "evidence", "Life of an ID token."),
  "invalid_client.status": facts(oneOf(400, 401), "identityserver", "HTTP status of invalid_client."),
  "error_description.token": facts(onOff, "evidence", "Whether token errors carry an error_description."),
  "error_description.access_denied": facts(
    onOff,
    "proposal",
    "Whether a declined consent carries an error_description.",
  ),
  "callback.scope_echo": facts(onOff, "proposal", "Whether the callback repeats the scope."),
  "callback.iss": facts(onOff, "proposal", "Whether the callback names the issuer (RFC 9207)."),
  pkce_confidential: facts(oneOf("accept", "ignore"), "evidence", "Whether PKCE from an app with a secret is checked."),
  "acr_values.tenant": facts(
    oneOf("ignore", "preselect"),
    "proposal",
    "Whether acr_values=tenant:… preselects an organisation.",
  ),
  auth_event_id_on_reconnect: facts(
    oneOf("keep", "new"),
    "evidence",
    "Whether a reconnected organisation gets the new consent's authEventId.",
  ),
  "revocation.access_token": facts(
    oneOf("only-that-token", "ignore"),
    "evidence",
    "What revoking an access token does.",
  ),
  "token.multipart": facts(
    oneOf("accept", "refuse"),
    "evidence",
    "Whether the token endpoint reads multipart/form-data.",
  ),
  "token.rate_limit": facts(countOrNull, "proposal", "Token requests of one app in a minute; null: no limit."),
  "token.malformed_error": facts(
    oneOf("unsupported_grant_type", "invalid_request"),
    "documented",
    "What a token request without grant_type, or with a body that is no form, is told.",
  ),
  "scope_401.spelling": facts(
    oneOf("insufficent_scope", "insufficient_scope"),
    "evidence",
    "Spelling in WWW-Authenticate of a missing scope.",
  ),
  "401_key_case": facts(oneOf("capitalised", "lower"), "evidence", "Case of the members of 401 and 403 bodies."),
  ...CUSTOM_CONNECTION_SWITCHES,
  ...API_SWITCHES,
};

export type SwitchProblem = { readonly name: string; readonly sentence: string };

/** Checks a patch of switches given by a user; the empty list means that all of it can be taken. */
export function switchProblems(patch: Readonly<Record<string, unknown>>): readonly SwitchProblem[] {
  return Object.entries(patch).flatMap(([name, value]) => {
    const known = Object.hasOwn(SWITCHES, name) ? SWITCHES[name as SwitchName] : undefined;
    if (known === undefined) return [{ name, sentence: `There is no switch "${name}".` }];
    return allows(known.accepts, value) ? [] : [{ name, sentence: `"${name}" takes ${wording(known.accepts)}.` }];
  });
}

function allows(accepts: Accepts, value: unknown): boolean {
  switch (accepts.kind) {
    case "one-of":
      return accepts.values.some((allowed) => allowed === value);
    case "seconds":
      return isPositive(value);
    case "count-or-null":
      return value === null || isPositive(value);
  }
}

// Ten thousand years in seconds keep every sum of instants a safe integer.
const isPositive = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 315_576_000_000;

function wording(accepts: Accepts): string {
  switch (accepts.kind) {
    case "one-of":
      return `one of ${accepts.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "seconds":
      return "a whole number of at least 1";
    case "count-or-null":
      return "a whole number of at least 1, or null";
  }
}
