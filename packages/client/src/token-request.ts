import type { TokenAnswer, TokenError } from "@evergrant/contract";
import type { Tenant } from "./client.ts";
import { ClientError, clientError } from "./errors.ts";
import { readBounded } from "./read-bounded.ts";
import { Secret } from "./secret.ts";

/** What one request for a token came to. */
export type TokenOutcome =
  | { readonly kind: "token"; readonly token: ReceivedToken }
  | { readonly kind: "failed"; readonly error: ClientError };

export interface ReceivedToken {
  readonly accessToken: Secret;
  /** What remained of its life when Evergrant answered. */
  readonly lifeMs: number;
  readonly scope: string;
  readonly tenants: readonly Tenant[];
}

/** Asks Evergrant once for a token of a connection. Never rejects. */
export type TokenRequest = (
  connection: string,
  ask: {
    readonly minTtlMs: number;
    /** SHA-256 (hex) of a token that the API refused; null where it refused none. */
    readonly refusedSha256: string | null;
    readonly signal: AbortSignal;
  },
) => Promise<TokenOutcome>;

export interface TokenEndpoint {
  /** Evergrant's address, without a trailing slash. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: () => Promise<Secret>;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/** Client credentials (RFC 6749 §4.4) at the connection's own token endpoint, with `client_secret_basic`. */
export function tokenRequest(endpoint: TokenEndpoint): TokenRequest {
  return async (connection, { minTtlMs, refusedSha256, signal }) => {
    let secret: Secret;
    try {
      secret = await endpoint.clientSecret();
    } catch (error) {
      return { kind: "failed", error: clientError("client_secret_unavailable", undefined, error) };
    }
    try {
      const response = await endpoint.fetch(`${endpoint.url}/connections/${connection}/oauth2/token`, {
        method: "POST",
        // Credentials go to the address that was configured, and to no other.
        redirect: "manual",
        headers: { authorization: basic(endpoint.clientId, secret), accept: "application/json" },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          min_ttl: String(Math.ceil(minTtlMs / 1000)),
          ...(refusedSha256 === null ? {} : { refused_token_sha256: refusedSha256 }),
        }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(endpoint.timeoutMs)]),
      });
      return read(response, await bodyOf(response));
    } catch (error) {
      return { kind: "failed", error: clientError("evergrant_unreachable", new URL(endpoint.url).origin, error) };
    }
  };
}

// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
function basic(clientId: string, secret: Secret): string {
  const encoded = [clientId, secret.reveal()].map((part) => new URLSearchParams([["", part]]).toString().slice(1));
  return `Basic ${Buffer.from(encoded.join(":")).toString("base64")}`;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await readBounded(response, 1 << 20);
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function read(response: Response, body: unknown): TokenOutcome {
  const { status } = response;
  if (status === 200 && isTokenAnswer(body)) return { kind: "token", token: receivedToken(body) };
  if (status >= 400 && isTokenError(body)) return { kind: "failed", error: refusalOf(response, body) };
  const foreign = clientError("evergrant_answer_foreign", `HTTP ${status}`);
  const { code, message, retry } = foreign;
  return {
    kind: "failed",
    error: new ClientError({ code, message, retry, status, retryAfterMs: retryAfterMsOf(response) }),
  };
}

function receivedToken({ access_token, expires_in, scope, tenants }: TokenAnswer): ReceivedToken {
  return {
    ...{ accessToken: new Secret(access_token), lifeMs: expires_in * 1000, scope },
    tenants: tenants.map(({ id, name }) => ({ id, name })),
  };
}

function refusalOf(response: Response, body: TokenError): ClientError {
  const { status } = response;
  const later = status >= 500 || status === 429 || status === 408 || status === 425;
  return new ClientError({
    code: body.code,
    message: body.error_description,
    retry: body.error === "consent_required" ? "after-consent" : later ? "later" : "never",
    status,
    retryAfterMs: retryAfterMsOf(response),
    consentUrl: body.consent_url === undefined ? null : new Secret(body.consent_url),
  });
}

// Evergrant sends whole seconds. A date (RFC 9110 §10.2.3) comes from something on the way, whose clock we do not know.
function retryAfterMsOf(response: Response): number | null {
  const text = response.headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : null;
}

type Members = Readonly<Record<string, unknown>>;
const membersOf = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

function isTokenAnswer(body: unknown): body is TokenAnswer {
  const { access_token, token_type, expires_in, scope, tenants } = membersOf(body);
  return (
    isText(access_token) &&
    token_type === "Bearer" &&
    typeof expires_in === "number" &&
    // Without any life left it is no token: asking again, with pauses, is all that helps.
    expires_in > 0 &&
    typeof scope === "string" &&
    Array.isArray(tenants) &&
    tenants.every((tenant) => isText(membersOf(tenant)["id"]) && typeof membersOf(tenant)["name"] === "string")
  );
}

function isTokenError(body: unknown): body is TokenError {
  const { error, error_description, code, consent_url } = membersOf(body);
  return (
    isText(error) &&
    typeof error_description === "string" &&
    isText(code) &&
    (consent_url === undefined || isText(consent_url))
  );
}
