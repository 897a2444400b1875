import { timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Login, Turn, User } from "../engine/index.ts";
import { isEncrypted } from "./names.ts";

const browserCookie = "sandbox_browser";
const loginCookie = "sandbox_login";
const loginLifeMs = 12 * 3_600_000;

/** The browser's own random name, set on its first visit: forms carry a value that only this browser's pages hold. */
export function browserOf(
  turn: Turn,
  wire: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): { readonly csrf: string } {
  const known = wire.request.cookies[browserCookie];
  const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : turn.mint.secret(turn.label("browser"));
  if (browser !== known) setCookie(wire, browserCookie, browser);
  return { csrf: turn.mint.secret(`csrf:${browser}`) };
}

/** Whether a form came from a page that we gave to this browser. */
export function isOwnForm(turn: Turn, request: FastifyRequest, csrf: string | null): boolean {
  const browser = request.cookies[browserCookie];
  if (browser === undefined || csrf === null) return false;
  const expected = Buffer.from(turn.mint.secret(`csrf:${browser}`));
  const given = Buffer.from(csrf);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Who is logged in, if anybody. */
export function loginOf(turn: Turn, request: FastifyRequest): { readonly login: Login; readonly user: User } | null {
  const cookie = request.cookies[loginCookie];
  const login = cookie === undefined ? undefined : turn.draft.get("logins", turn.mint.hash(cookie));
  const user =
    login === undefined || login.expiresAtMs <= turn.nowMs ? undefined : turn.draft.get("users", login.userId);
  return login === undefined || user === undefined ? null : { login, user };
}

/** Checks e-mail and password and starts a login. */
export function logIn(
  turn: Turn,
  wire: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  given: { readonly email: string; readonly password: string },
): boolean {
  const email = given.email.trim().toLowerCase();
  const user = [...turn.draft.all("users")].find((each) => each.email.toLowerCase() === email);
  if (user === undefined || user.passwordHash !== turn.mint.hash(given.password)) return false;
  for (const old of [...turn.draft.all("logins")])
    if (old.expiresAtMs <= turn.nowMs) turn.draft.remove("logins", old.hash);
  const label = turn.label("login");
  const secret = turn.mint.secret(label);
  const hash = turn.mint.hash(secret);
  turn.draft.put("logins", hash, {
    hash,
    userId: user.id,
    sessionId: turn.mint.hex32(label),
    authTimeMs: turn.nowMs,
    expiresAtMs: turn.nowMs + loginLifeMs,
  });
  setCookie(wire, loginCookie, secret);
  return true;
}

export function logOut(
  turn: Turn,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): void {
  const cookie = request.cookies[loginCookie];
  if (cookie !== undefined) turn.draft.remove("logins", turn.mint.hash(cookie));
  reply.clearCookie(loginCookie, { path: "/" });
}

function setCookie(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  name: string,
  value: string,
): void {
  reply.setCookie(name, value, { path: "/", httpOnly: true, sameSite: "lax", secure: isEncrypted(request) });
}
