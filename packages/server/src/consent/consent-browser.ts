import { Secret } from "@evergrant/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServerChance } from "../ports.ts";

// The prefix makes browsers refuse it from other hosts and over plain http (localhost excepted): RFC 6265bis §4.1.3.
const COOKIE = "__Host-evergrant-consent";

/** The browser's own secret, which binds a consent to the browser that began it; null where there is none. */
export function consentBrowser(request: FastifyRequest): Secret | null {
  const value = request.cookies[COOKIE];
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? new Secret(value) : null;
}

/** The same, made and set where the browser has none yet. */
export function ensureConsentBrowser(request: FastifyRequest, reply: FastifyReply, chance: ServerChance): Secret {
  const known = consentBrowser(request);
  if (known !== null) return known;
  const fresh = new Secret(Buffer.from(chance.bytes(32)).toString("base64url"));
  reply.setCookie(COOKIE, fresh.reveal(), { httpOnly: true, secure: true, sameSite: "lax", path: "/" });
  return fresh;
}
