import { EvergrantError, Secret } from "@evergrant/core";
import type { CallerCredential } from "@evergrant/keeper";
import { LIMITS } from "../http/limits.ts";
import { type Form, one } from "./form.ts";

/** RFC 7523 §2.2. */
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * What a caller shows to say who it is, in one way: `client_secret_basic`, `client_secret_post` (RFC 6749 §2.3.1), or an assertion
 * (RFC 7521 §4.2), which for our issuer of this place is for `audience`. A `client_id` in the body beside it is tolerated where
 * it is the same.
 * @throws caller_authentication_ambiguous · caller_authentication_failed · request_malformed
 */
export function clientCredentials(authorization: string | undefined, form: Form, audience: string): CallerCredential {
  const id = one(form, "client_id");
  const secret = one(form, "client_secret");
  const asserts = form.has("client_assertion") || form.has("client_assertion_type");
  if ([authorization !== undefined, secret !== null, asserts].filter((way) => way).length > 1)
    throw new EvergrantError("caller_authentication_ambiguous");
  if (asserts) return assertionCredential(form, id, audience);
  if (authorization === undefined) return checked(id, secret);
  const basic = basicCredential(authorization);
  if (id !== null && id !== basic.clientId) throw new EvergrantError("caller_authentication_ambiguous");
  return basic;
}

function assertionCredential(form: Form, clientId: string | null, audience: string): CallerCredential {
  const assertion = one(form, "client_assertion");
  if (one(form, "client_assertion_type") !== ASSERTION_TYPE)
    throw new EvergrantError("request_malformed", { detail: `client_assertion_type is ${ASSERTION_TYPE}` });
  if (assertion === null) throw new EvergrantError("request_malformed", { detail: "client_assertion is missing" });
  if (clientId !== null && !isCredential(clientId)) throw new EvergrantError("caller_authentication_failed");
  return { kind: "assertion", clientId, assertion: new Secret(assertion), audience };
}

/** A client id and a secret in an `Authorization` header. @throws caller_authentication_failed */
export function basicCredential(authorization: string): SecretCredential {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const pair = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) throw new EvergrantError("caller_authentication_failed");
  return checked(formDecoded(pair.slice(0, colon)), formDecoded(pair.slice(colon + 1)));
}

type SecretCredential = Extract<CallerCredential, { readonly kind: "secret" }>;

// Both halves are form-encoded before they are joined, so that an id may hold a colon.
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function checked(id: string | null, secret: string | null): SecretCredential {
  if (!isCredential(id) || !isCredential(secret)) throw new EvergrantError("caller_authentication_failed");
  return { kind: "secret", clientId: id, secret: new Secret(secret) };
}

function isCredential(text: string | null): text is string {
  return text !== null && text.length > 0 && text.length <= LIMITS.credentialLength;
}
