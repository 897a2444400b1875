import {
  APP_LEVEL_SCOPES,
  type App,
  isConsentScope,
  type LedgerView,
  parseScopes,
  type Switches,
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
  /** The client wants the person to log in again (`prompt=login` or `select_account`). */
  readonly freshLogin: boolean;
}

export type ReadAuthorize =
  | { readonly kind: "ok"; readonly request: AuthorizeRequest }
  | {
      readonly kind: "bad";
      readonly error: "unauthorized_client" | "invalid_scope" | "invalid_request" | "unsupported_response_type";
      readonly description: string;
    };

type Query = Extract<FormBody, { readonly kind: "form" }>;

/** Reads the parameters of an authorize request. What is wrong is shown to the person, never redirected. */
export function readAuthorize(view: LedgerView, switches: Switches, params: URLSearchParams): ReadAuthorize {
  const query = formOf([...params]);
  if (query.kind !== "form") return bad("invalid_request", "A parameter is repeated");
  const app = view.get("apps", query.get("client_id") ?? "");
  if (app === undefined || app.kind === "custom-connection")
    return bad("unauthorized_client", "Unknown client or client not enabled");
  const redirectUri = query.get("redirect_uri") ?? "";
  if (!app.redirectUris.includes(redirectUri)) return bad("unauthorized_client", "Invalid redirect_uri");
  if (query.get("response_type") !== "code") return bad("unsupported_response_type", "Response type not supported");
  const scopes = parseScopes(query.get("scope") ?? "");
  const scopeProblem = badScopes(app, scopes);
  if (scopeProblem !== null) return scopeProblem;
  const challenge = readChallenge(app, query);
  if (challenge.kind === "bad") return challenge;
  const state = query.get("state");
  if ((state ?? "").length > 2000 || (query.get("nonce") ?? "").length > 300)
    return bad("invalid_request", "A parameter is too long");
  const prompt = query.get("prompt") ?? "";
  const acrTenant =
    /(?:^| )tenant:([0-9a-f-]{36})(?:$| )/i.exec(query.get("acr_values") ?? "")?.[1]?.toLowerCase() ?? null;
  return {
    kind: "ok",
    request: {
      app,
      redirectUri,
      scopes,
      state,
      challenge: challenge.value,
      nonce: query.get("nonce"),
      preselect: switches["acr_values.tenant"] === "preselect" ? acrTenant : null,
      freshLogin: /(?:^| )(?:login|select_account)(?:$| )/.test(prompt),
    },
  };
}

type Bad = Extract<ReadAuthorize, { readonly kind: "bad" }>;

const bad = (error: Bad["error"], description: string): Bad => ({ kind: "bad", error, description });

function badScopes(app: App, scopes: readonly string[]): Bad | null {
  if (scopes.length === 0) return bad("invalid_scope", "Missing scope");
  if (scopes.some((scope) => APP_LEVEL_SCOPES.includes(scope))) return bad("invalid_scope", "Invalid scope for client");
  const allowed = (scope: string) => isConsentScope(scope) && (app.scopes === null || app.scopes.includes(scope));
  return scopes.every(allowed) ? null : bad("unauthorized_client", "Invalid scope for client");
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
