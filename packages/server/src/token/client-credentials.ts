import { EvergrantError, Secret } from "@evergrant/core";
import { LIMITS } from "../http/limits.ts";
import { type Form, one } from "./form.ts";

export interface ClientCredentials {
  readonly id: string;
  readonly secret: Secret;
}

/**
 * Who asks: `client_secret_basic` or `client_secret_post`, one of them (RFC 6749 §2.3.1).
 * A `client_id` in the body beside the header is tolerated where it is the same.
 * @throws caller_authentication_ambiguous · caller_authentication_failed
 */
export function clientCredentials(authorization: string | undefined, form: Form): ClientCredentials {
  const id = one(form, "client_id");
  const secret = one(form, "client_secret");
  if (authorization === undefined) return checked(id, secret);
  if (secret !== null || form.has("client_assertion")) throw new EvergrantError("caller_authentication_ambiguous");
  const basic = basicCredentials(authorization);
  if (id !== null && id !== basic.id) throw new EvergrantError("caller_authentication_ambiguous");
  return basic;
}

function basicCredentials(authorization: string): ClientCredentials {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const pair = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) throw new EvergrantError("caller_authentication_failed");
  return checked(formDecoded(pair.slice(0, colon)), formDecoded(pair.slice(colon + 1)));
}

// Both halves are form-encoded before they are joined, so that an id may hold a colon.
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function checked(id: string | null, secret: string | null): ClientCredentials {
  if (!isCredential(id) || !isCredential(secret)) throw new EvergrantError("caller_authentication_failed");
  return { id, secret: new Secret(secret) };
}

function isCredential(text: string | null): text is string {
  return text !== null && text.length > 0 && text.length <= LIMITS.credentialLength;
}
