import { Secret } from "@evergrant/core";
import type { Keeper, OperatorPrincipal } from "@evergrant/keeper";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { PendingSignIn } from "../sign-in/sign-in.ts";

// The prefix makes browsers refuse them from other hosts and over plain http (localhost excepted): RFC 6265bis §4.1.3.
const SESSION = "__Host-evergrant-operator";
const SIGN_IN = "__Host-evergrant-sign-in";
const SIGN_IN_LIFE_S = 600;
const RANDOM = /^[A-Za-z0-9_-]{43}$/;

/** Strict: a link or a form of another site comes without it. */
const STRICT = { httpOnly: true, secure: true, sameSite: "strict", path: "/" } as const;
/** Lax: it has to come along when the issuer sends the browser back. */
const LAX = { ...STRICT, sameSite: "lax", maxAge: SIGN_IN_LIFE_S } as const;

export interface Browser {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Who is signed in at this browser; null: nobody. */
export async function signedIn(keeper: Keeper, request: FastifyRequest): Promise<OperatorPrincipal | null> {
  const session = sessionOf(request);
  return session === null ? null : await keeper.sessions.find(session);
}

/** A session of its own for each sign-in: one that somebody planted before is worth nothing. */
export async function signIn(keeper: Keeper, { request, reply }: Browser, operator: OperatorPrincipal): Promise<void> {
  const before = sessionOf(request);
  if (before !== null) await keeper.sessions.end(before);
  const session = await keeper.sessions.begin(operator);
  reply.setCookie(SESSION, session.reveal(), STRICT);
}

export async function signOut(keeper: Keeper, { request, reply }: Browser): Promise<void> {
  const session = sessionOf(request);
  reply.clearCookie(SESSION, STRICT);
  if (session !== null) await keeper.sessions.end(session);
}

/** Binds what comes back to this browser. */
export function keepPending(reply: FastifyReply, { state, nonce, codeVerifier }: PendingSignIn): void {
  reply.setCookie(SIGN_IN, [state, nonce, codeVerifier].join("."), LAX);
}

/** What this browser began, once. */
export function takePending({ request, reply }: Browser): PendingSignIn | null {
  const parts = (request.cookies[SIGN_IN] ?? "").split(".");
  reply.clearCookie(SIGN_IN, LAX);
  const [state, nonce, codeVerifier] = parts;
  if (parts.length !== 3 || !parts.every((part) => RANDOM.test(part))) return null;
  return state === undefined || nonce === undefined || codeVerifier === undefined
    ? null
    : { state, nonce, codeVerifier };
}

function sessionOf(request: FastifyRequest): Secret | null {
  const value = request.cookies[SESSION];
  return value !== undefined && RANDOM.test(value) ? new Secret(value) : null;
}
