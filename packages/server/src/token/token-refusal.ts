import type { TokenError } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { BASIC_CHALLENGE } from "../http/basic-caller.ts";

/** A refusal that a person can mend at an address which this caller may know. */
export class ConsentRequired extends EvergrantError {
  readonly consentUrl: string;

  constructor(consentUrl: string, cause: EvergrantError) {
    super("consent_required", { ...(cause.detail === null ? {} : { detail: cause.detail }), cause });
    this.consentUrl = consentUrl;
  }
}

/** Writes a refusal in the form of RFC 6749 §5.2. */
export function sendTokenRefusal(refusal: EvergrantError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status } = refusal.facts;
  // Always, also for credentials in the body: RFC 9110 §11.6.1 knows no 401 without a challenge.
  if (status === 401) reply.header("www-authenticate", BASIC_CHALLENGE);
  const body: TokenError = {
    error: refusal.facts.oauth ?? (status < 500 ? "invalid_request" : "server_error"),
    error_description: describe(refusal),
    code: refusal.code,
    ...(refusal instanceof ConsentRequired ? { consent_url: refusal.consentUrl } : {}),
  };
  return reply.header("pragma", "no-cache").type("application/json").send(JSON.stringify(body));
}

// One identical answer whether a connection is unknown, forbidden or gone: its detail could tell them apart.
function describe(refusal: EvergrantError): string {
  const { message } = refusal.facts;
  const { detail } = refusal;
  const text = detail === null || refusal.code === "connection_not_available" ? message : `${message} (${detail})`;
  // RFC 6749 §5.2 allows no other characters in a description.
  return text.replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "?").slice(0, 500);
}
