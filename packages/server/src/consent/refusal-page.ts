import type { ErrorCode, EvergrantError } from "@evergrant/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { html } from "./html.ts";
import { type Page, pagePolicy, renderPage } from "./page.ts";

/** A refusal as a page in plain words, for a person who came by a link. */
export function sendRefusalPage(refusal: EvergrantError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header("content-security-policy", pagePolicy([]));
  return reply.type("text/html; charset=utf-8").send(renderPage(refusalPage(refusal, request.id)));
}

function refusalPage(refusal: EvergrantError, requestId: string): Page {
  const words = WORDS[refusal.code];
  return {
    title: words?.title ?? "That did not work",
    body: html`<p>${words?.message ?? refusal.facts.message}</p>`,
    footnote: `${refusal.code} · ${requestId}`,
  };
}

interface Words {
  readonly title: string;
  /** Where the catalogue's sentence speaks to a developer. */
  readonly message?: string;
}

const LATER = "This is not your fault. Open the link again in a few minutes.";

const WORDS: { readonly [Code in ErrorCode]?: Words } = {
  consent_link_invalid: { title: "This link is not valid" },
  consent_link_used: { title: "This link has been used" },
  consent_link_expired: { title: "This link has expired" },
  consent_not_needed: {
    title: "There is nothing to do",
    message: "This connection works and needs no new consent. You can close this page.",
  },
  consent_cross_site: { title: "Please start from the link" },
  consent_callback_invalid: { title: "This answer does not fit" },
  consent_to_be_pasted: { title: "One step is left" },
  consent_browser_mismatch: { title: "Another browser" },
  consent_session_expired: { title: "This took too long" },
  consent_unknown: {
    title: "There is no such consent",
    message: "This address shows the result of no consent that is known here. Open the link that you were sent.",
  },
  operator_key_invalid: {
    title: "This key opens nothing here",
    message: "It may be wrong, expired, or of somebody who was disabled. Go back and try again.",
  },
  sign_in_refused: { title: "You are not known here" },
  sign_in_invalid: { title: "Please sign in again" },
  sign_in_cross_site: { title: "Please start at the console" },
  sign_in_unavailable: { title: "Signing in does not work just now" },
  route_unknown: { title: "There is nothing here" },
  request_too_frequent: { title: "Too many tries", message: "Wait a minute, then open the link again." },
  provider_unreachable: { title: "The provider cannot be reached", message: LATER },
  store_quarantined: {
    title: "Not just now",
    message:
      "Nobody can be connected at the moment, because the people who run this have something to look after first. Your consent was not used; open the link again later.",
  },
  store_unavailable: { title: "Not just now", message: LATER },
  internal_error: { title: "Something failed on our side", message: LATER },
};
