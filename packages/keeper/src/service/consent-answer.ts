import { EvergrantError, Secret } from "@evergrant/core";
import type { ResolvedEndpoints } from "../ports/provider.ts";
import { single } from "./single-parameter.ts";

/** What a provider's answer to an authorize request says (RFC 6749 §4.1.2, RFC 9207 §2), each part there once or not at all. */
export type ConsentAnswer = { readonly state: Secret; readonly iss: string | null } & (
  | { readonly kind: "code"; readonly code: Secret }
  | { readonly kind: "error"; readonly error: string }
);

/**
 * Reads the query of a callback and fails closed: whatever is missing, empty or repeated, or both a code and an error, is no answer.
 * @throws consent_callback_invalid
 */
export function readConsentAnswer(params: URLSearchParams): ConsentAnswer {
  const state = single(params, "state");
  const code = single(params, "code");
  const error = single(params, "error");
  const iss = single(params, "iss");
  if (state === null) throw new EvergrantError("consent_callback_invalid");
  const common = { state: new Secret(state), iss };
  if (code !== null && error === null) return { ...common, kind: "code", code: new Secret(code) };
  if (error !== null && code === null) return { ...common, kind: "error", error };
  throw new EvergrantError("consent_callback_invalid");
}

/**
 * Whether an answer may be this issuer's (RFC 9207 §2.4): the one it names, if it names one, and it names one where the issuer's
 * metadata promises so. Whoever leaves the parameter out gains nothing by it.
 */
export function isFromIssuer(
  answer: Pick<ConsentAnswer, "iss">,
  endpoints: Pick<ResolvedEndpoints, "issuer" | "issuerInAnswer">,
): boolean {
  return answer.iss === null ? endpoints.issuerInAnswer !== true : answer.iss === endpoints.issuer;
}

/**
 * The query of an address that somebody copied out of a browser: it must lie at one of the redirect URIs given, exactly.
 * @throws consent_callback_invalid
 */
export function pastedParameters(address: Secret, redirectUri: string): URLSearchParams {
  const text = address.reveal().trim();
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "" || `${url.origin}${url.pathname}` !== redirectUri)
    throw new EvergrantError("consent_callback_invalid", {
      detail: "paste the whole address, as the browser shows it",
    });
  return url.searchParams;
}
