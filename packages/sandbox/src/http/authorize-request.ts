import {
  APP_LEVEL_SCOPES,
  type App,
  isConsentScope,
  isInSeason,
  mayConnectInBulk,
  parseScopes,
  type Turn,
} from "../engine/index.ts";
import { type FormBody, formOf } from "./form-body.ts";

/** A sound authorize request (RFC 6749 §4.1.1, RFC 7636 §4.3). */
export interface AuthorizeRequest {
  readonly app: App;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string | null;
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly preselect: string | null;
  /** The app wants several organisations in one consent, and may. */
  readonly bulk: boolean;
  /** `login`: the client wants the person to log in again (`prompt=login` or `select_account`); `none`: to see no page. */
  readonly prompt: "any" | "login" | "none";
}

/** Where an app is told what went wrong, once its client id and redirect URI are known to be sound. */
export type Callback = Pick<AuthorizeRequest, "redirectUri" | "state">;

export type ReadAuthorize =
  | { readonly kind: "ok"; readonly request: AuthorizeRequest }
  | {
      readonly kind: "bad";
      readonly error: "unauthorized_client" | "invalid_scope" | "invalid_request" | "unsupported_response_type";
      readonly description: string;
      /** null: nobody may be told but the person (RFC 6749 §4.1.2.1). */
      readonly callback: Callback | null;
    };

type Query = Extract<FormBody, { readonly kind: "form" }>;

/** Reads the parameters of an authorize request. Xero shows to the person what is wrong, and redirects nothing. */
export function readAuthorize(turn: Turn, params: URLSearchParams): ReadAuthorize {
  const query = formOf([...params]);
  if (query.kind !== "form") return bad("invalid_request", "A parameter is repeated");
  const app = turn.draft.get("apps", query.get("client_id") ?? "");
  if (app === undefined || app.kind === "custom-connection")
    return bad("unauthorized_client", "Unknown client or client not enabled");
  const redirectUri = query.get("redirect_uri") ?? "";
  if (!app.redirectUris.includes(redirectUri)) return bad("unauthorized_client", "Invalid redirect_uri");
  const state = query.get("state");
  if ((state ?? "").length > 2000) return bad("invalid_request", "A parameter is too long");
  const read = readForApp(turn, app, query);
  const callback = { redirectUri, state };
  return read.kind === "ok"
    ? { kind: "ok", request: { ...read.facts, ...callback, app } }
    : { ...read, callback: turn.switches["authorize.errors"] === "redirect" ? callback : null };
}

type Bad = Extract<ReadAuthorize, { readonly kind: "bad" }>;

const bad = (error: Bad["error"], description: string): Bad => ({ kind: "bad", error, description, callback: null });

type Facts = Omit<AuthorizeRequest, "app" | keyof Callback>;

function readForApp(turn: Turn, app: App, query: Query): Bad | { readonly kind: "ok"; readonly facts: Facts } {
  const standard = turn.switches["authorize.errors"] === "redirect";
  if (standard && query.get("response_type") === null) return bad("invalid_request", "Missing response_type");
  if (query.get("response_type") !== "code") return bad("unsupported_response_type", "Response type not supported");
  const scopes = parseScopes(query.get("scope") ?? "");
  const scopeProblem = badScopes(turn, app, scopes);
  if (scopeProblem !== null) return scopeProblem;
  const challenge = readChallenge(app, query);
  if (challenge.kind === "bad") return challenge;
  const nonce = query.get("nonce");
  if ((nonce ?? "").length > 300) return bad("invalid_request", "A parameter is too long");
  const { tenant, bulk } = readAcrValues(query.get("acr_values") ?? "");
  return {
    kind: "ok",
    facts: {
      scopes,
      challenge: challenge.value,
      nonce,
      preselect: turn.switches["acr_values.tenant"] === "preselect" ? tenant : null,
      bulk: bulk && mayConnectInBulk(turn, app),
      prompt: readPrompt(query.get("prompt") ?? ""),
    },
  };
}

function badScopes({ switches, nowMs }: Turn, app: App, scopes: readonly string[]): Bad | null {
  if (scopes.length === 0) return bad("invalid_scope", "Missing scope");
  if (scopes.some((scope) => APP_LEVEL_SCOPES.includes(scope))) return bad("invalid_scope", "Invalid scope for client");
  const allowed = (scope: string) =>
    isConsentScope(scope) &&
    (app.scopes === null || app.scopes.includes(scope)) &&
    (!switches["scopes.by_date"] || isInSeason(scope, app, nowMs));
  const error = switches["authorize.errors"] === "page" ? "unauthorized_client" : "invalid_scope";
  return scopes.every(allowed) ? null : bad(error, "Invalid scope for client");
}

// Seen in the field: "tenant:<guid> bulk_connect:true".
function readAcrValues(text: string): { readonly tenant: string | null; readonly bulk: boolean } {
  const values = text.toLowerCase().split(" ");
  const tenant = values.find((value) => /^tenant:[0-9a-f-]{36}$/.test(value));
  return { tenant: tenant?.slice("tenant:".length) ?? null, bulk: values.includes("bulk_connect:true") };
}

function readPrompt(text: string): AuthorizeRequest["prompt"] {
  const values = text.split(" ");
  if (values.includes("login") || values.includes("select_account")) return "login";
  return values.length === 1 && values[0] === "none" ? "none" : "any";
}

function readChallenge(app: App, query: Query): Bad | { readonly kind: "ok"; readonly value: string | null } {
  const challenge = query.get("code_challenge");
  const method = query.get("code_challenge_method");
  if (challenge === null) {
    return app.kind === "pkce" || method !== null
      ? bad("invalid_request", "Code challenge required")
      : { kind: "ok", value: null };
  }
  if (method !== "S256") return bad("invalid_request", "Transform algorithm not supported");
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? { kind: "ok", value: challenge }
    : bad("invalid_request", "Invalid code challenge");
}
