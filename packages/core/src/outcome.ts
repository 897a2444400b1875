import { Secret } from "./secret.ts";

/** How a request to a token endpoint ended, as the socket saw it. Bodies are at most the client's limit long. */
export type Ending =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: Secret;
      readonly retryAfterMs: number | null;
      readonly serverDateMs: number | null;
    }
  /** `bytesSent`: whether any byte of the HTTP request can have left (a TLS or TCP failure before it cannot have). */
  | { readonly kind: "broken"; readonly bytesSent: boolean; readonly reason: string };

/** What a provider's error codes mean where they differ from RFC 6749 §5.2. */
export interface ErrorDialect {
  /** Codes that say the app itself (a Custom Connection) is not, or no longer, authorised. */
  readonly inactiveErrors: readonly string[];
  /** Some providers report failures with status 200 and this member set to false. */
  readonly okMember: string | null;
  /** The member that holds the code; `error` by the standard. */
  readonly errorMember: string;
  /** Errors come with status 200 as well: an answer without an access token is read for one. */
  readonly errorsInSuccess: boolean;
  /** Codes that say what `invalid_grant` says. */
  readonly rejectedErrors: readonly string[];
}

/** Errors as RFC 6749 §5.2 has them. */
export const STANDARD_ERRORS: ErrorDialect = {
  inactiveErrors: [],
  okMember: null,
  errorMember: "error",
  errorsInSuccess: false,
  rejectedErrors: [],
};

/** The classes of the refresh protocol. */
export type Outcome = { readonly kind: "success"; readonly answer: TokenAnswer } | Failure;

/** Every end without tokens. Only `rejected` and `inactive` say anything about the grant. */
export type Failure =
  | { readonly kind: "rejected"; readonly error: string }
  | { readonly kind: "inactive"; readonly error: string }
  | { readonly kind: "app-error"; readonly error: string; readonly status: number }
  | { readonly kind: "not-executed"; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly kind: "ambiguous"; readonly reason: string };

/** A token answer, RFC 6749 §5.1, as far as we use it. */
export interface TokenAnswer {
  readonly accessToken: Secret;
  readonly refreshToken: Secret | null;
  readonly idToken: Secret | null;
  readonly tokenType: string;
  /** From `expires_in`; null where the provider does not say. */
  readonly expiresInMs: number | null;
  readonly scope: string | null;
  /** What else it says in short texts and numbers, by name of member: where an account lies, who gave consent. No token. */
  readonly members: Readonly<Record<string, string>>;
}

/**
 * Sorts the end of a token request into the classes of the refresh protocol.
 * I9 isolation of error classes: anything that leaves open whether the provider executed the request is `ambiguous`; an internal failure never is a rejection.
 * Sources: RFC 6749 §5.1, §5.2; RFC 6585 §4 (429).
 */
export function classify(ending: Ending, dialect: ErrorDialect): Outcome {
  if (ending.kind === "broken") {
    return ending.bytesSent
      ? { kind: "ambiguous", reason: ending.reason }
      : { kind: "not-executed", reason: ending.reason, retryAfterMs: null };
  }
  const { status } = ending;
  if (status === 429)
    return { kind: "not-executed", reason: "429 Too Many Requests", retryAfterMs: ending.retryAfterMs };
  const body = parseObject(ending.body.reveal());
  if (status >= 200 && status < 300) return classifySuccess(status, body, dialect);
  const error = errorOf(body, dialect);
  // 408 and 425 are about the transport, whatever their body says; a 5xx with a well-formed error may have executed.
  if (error === null || status < 400 || status >= 500 || status === 408 || status === 425) {
    return { kind: "ambiguous", reason: `status ${status}${error === null ? " without an OAuth error" : ""}` };
  }
  return failureBy(error, { status, dialect });
}

function failureBy(error: string, { status, dialect }: { status: number; dialect: ErrorDialect }): Outcome {
  if (error === "invalid_grant" || dialect.rejectedErrors.includes(error)) return { kind: "rejected", error };
  return dialect.inactiveErrors.includes(error) ? { kind: "inactive", error } : { kind: "app-error", error, status };
}

function classifySuccess(status: number, body: Record<string, unknown> | null, dialect: ErrorDialect): Outcome {
  if (body === null) return { kind: "ambiguous", reason: `status ${status} with a body that is not a JSON object` };
  if (dialect.okMember !== null && body[dialect.okMember] === false) {
    return failureBy(errorOf(body, dialect) ?? "unknown_error", { status, dialect });
  }
  const answer = readTokenAnswer(body);
  const error = answer === null && dialect.errorsInSuccess ? errorOf(body, dialect) : null;
  if (error !== null) return failureBy(error, { status, dialect });
  return answer === null
    ? { kind: "ambiguous", reason: `status ${status} without a usable access_token` }
    : { kind: "success", answer };
}

function errorOf(body: Record<string, unknown> | null, dialect: ErrorDialect): string | null {
  const code = body?.[dialect.errorMember] ?? body?.["error"];
  return typeof code === "string" && /^[\x20-\x7e]{1,100}$/.test(code) ? code : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Reads a token answer tolerantly: only the tokens themselves can make it unusable. */
function readTokenAnswer(body: Record<string, unknown>): TokenAnswer | null {
  const accessToken = readToken(body.access_token);
  if (accessToken === null) return null;
  const refreshToken = readToken(body.refresh_token);
  return {
    accessToken: new Secret(accessToken),
    // A refresh token that equals the access token is a mistake at the other end; keep the one we have.
    refreshToken: refreshToken === null || refreshToken === accessToken ? null : new Secret(refreshToken),
    idToken: secretOrNull(readToken(body.id_token)),
    tokenType: typeof body.token_type === "string" ? body.token_type : "Bearer",
    expiresInMs: readSeconds(body.expires_in),
    scope: typeof body.scope === "string" ? body.scope : null,
    members: readMembers(body),
  };
}

const MEMBERS_AT_MOST = 50;

// Tokens and signatures have places of their own, or none.
function readMembers(body: Record<string, unknown>): Readonly<Record<string, string>> {
  const short = Object.entries(body).flatMap(([name, value]) => {
    const text = typeof value === "number" ? String(value) : value;
    const isPlain = typeof text === "string" && /^[\x20-\x7e]{1,512}$/.test(text);
    return isPlain && !/token|secret|signature/i.test(name) ? [[name, text] as const] : [];
  });
  return Object.fromEntries(short.slice(0, MEMBERS_AT_MOST));
}

function readToken(value: unknown): string | null {
  return typeof value === "string" && /^[\x21-\x7e]{1,16384}$/.test(value) ? value : null;
}

function secretOrNull(value: string | null): Secret | null {
  return value === null ? null : new Secret(value);
}

// Some servers send the number as a string; an expiry that cannot be read must not cost the token.
function readSeconds(value: unknown): number | null {
  const seconds = typeof value === "string" ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 && seconds < 1e9
    ? Math.floor(seconds * 1000)
    : null;
}
