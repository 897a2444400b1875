import { EvergrantError, Secret } from "@evergrant/core";
import type { Keeper, OperatorPrincipal } from "@evergrant/keeper";
import cookie from "@fastify/cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { requireKnownHost } from "../admin/known-host.ts";
import { type Page, pagePolicy, renderPage } from "../consent/page.ts";
import { sendRefusalPage } from "../consent/refusal-page.ts";
import { isSameOrigin } from "../consent/same-origin.ts";
import { LIMITS } from "../http/limits.ts";
import { isOtherLoopbackName } from "../http/public-url.ts";
import type { RateLimiter } from "../http/rate-limiter.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { type Handler, serve } from "../http/serve.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import { enteredPage, overviewPage, signInPage } from "./console-pages.ts";
import { type Browser, keepPending, signedIn, signIn, signOut, takePending } from "./console-session.ts";

export interface ConsoleFace {
  readonly keeper: Keeper;
  readonly log: RequestLog;
  /** Counts wrong keys, and what is begun elsewhere. */
  readonly limiter: RateLimiter;
  /** Host names besides loopback under which it answers. */
  readonly knownHosts: () => readonly string[];
  /** Where browsers reach it, without a trailing slash. */
  readonly url: () => string;
  /** Where operators may show who they are besides by their keys. */
  readonly signIn: SignIn | null;
}

const CONNECTIONS_A_PAGE = 50;
const CALLBACK = "/console/sign-in/callback";

/** The console: who is signed in, and how the connections stand. Beside the admin API, on the same listener. */
export async function consoleRoutes(app: FastifyInstance, face: ConsoleFace): Promise<void> {
  await app.register(cookie);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
    done(null, String(body)),
  );
  app.setErrorHandler(refusing(sendRefusalPage, face.log));
  app.addHook("onRequest", requireKnownHost(face.knownHosts));
  const bodyLimit = LIMITS.consentBodyBytes;
  const handled =
    (handle: Handle): Handler =>
    (request, reply) =>
      handle(face, { request, reply });
  serve(app, { url: "/console", handlers: { GET: handled(showOverview) } });
  serve(app, {
    ...{ url: "/console/sign-in", bodyLimit },
    handlers: { GET: handled(showSignIn), POST: handled(signInByKey) },
  });
  serve(app, { url: "/console/sign-in/openid", bodyLimit, handlers: { POST: handled(beginElsewhere) } });
  serve(app, { url: CALLBACK, head: false, handlers: { GET: handled(comeBack) } });
  serve(app, { url: "/console/sign-out", bodyLimit, handlers: { POST: handled(leave) } });
}

type Handle = (face: ConsoleFace, browser: Browser) => Promise<FastifyReply>;

async function showOverview(face: ConsoleFace, { request, reply }: Browser): Promise<FastifyReply> {
  // 127.0.0.1 and localhost are one machine but two origins: the cookie has to be set where an issuer sends people back to.
  if (isOtherLoopbackName(request.headers.host, face.url())) return reply.redirect(`${face.url()}/console`, 302);
  const operator = await signedIn(face.keeper, request);
  if (operator === null) return reply.redirect("/console/sign-in", 303);
  const cursor = new URL(request.url, face.url()).searchParams.get("cursor");
  const { items, next } = await face.keeper.connections.page({ cursor, limit: CONNECTIONS_A_PAGE });
  const look = { operation: "listConnections", target: "", kind: "look", status: 200, code: null } as const;
  await face.keeper.operators.noteRequest(operator, look);
  return sendPage(reply, overviewPage({ operator, connections: items, next }), ["'self'"]);
}

async function showSignIn(face: ConsoleFace, { request, reply }: Browser): Promise<FastifyReply> {
  if (isOtherLoopbackName(request.headers.host, face.url())) return reply.redirect(`${face.url()}/console`, 302);
  return sendPage(reply, signInPage(face.signIn?.issuer ?? null), formTargets(face.signIn));
}

async function signInByKey(face: ConsoleFace, browser: Browser): Promise<FastifyReply> {
  const { request } = browser;
  requireSameOrigin(face, request);
  const key = new URLSearchParams(typeof request.body === "string" ? request.body : "").get("key")?.trim() ?? "";
  const operator =
    key === "" || key.length > LIMITS.credentialLength ? null : await face.keeper.operators.byKey(new Secret(key));
  if (operator === null) {
    limitRate(face, request);
    throw new EvergrantError("operator_key_invalid");
  }
  return await enter(face, browser, operator);
}

async function beginElsewhere(face: ConsoleFace, { request, reply }: Browser): Promise<FastifyReply> {
  requireSameOrigin(face, request);
  limitRate(face, request);
  const { authorizeUrl, pending } = await required(face.signIn).begin(`${face.url()}${CALLBACK}`);
  keepPending(reply, pending);
  return reply.redirect(authorizeUrl, 303);
}

async function comeBack(face: ConsoleFace, browser: Browser): Promise<FastifyReply> {
  const elsewhere = required(face.signIn);
  limitRate(face, browser.request);
  const pending = takePending(browser);
  if (pending === null) throw new EvergrantError("sign_in_invalid");
  const start = browser.request.url.indexOf("?");
  const query = start < 0 ? "" : browser.request.url.slice(start);
  const person = await elsewhere.finish(new URL(`${face.url()}${CALLBACK}${query}`), pending);
  const operator = await face.keeper.operators.byIdentity(person);
  if (operator === null) throw new EvergrantError("sign_in_refused");
  return await enter(face, browser, operator);
}

async function leave(face: ConsoleFace, browser: Browser): Promise<FastifyReply> {
  requireSameOrigin(face, browser.request);
  await signOut(face.keeper, browser);
  return browser.reply.redirect("/console/sign-in", 303);
}

// By a page and not by a redirect: after a redirect that began at another site a strict cookie is not sent.
async function enter(face: ConsoleFace, browser: Browser, operator: OperatorPrincipal): Promise<FastifyReply> {
  await signIn(face.keeper, browser, operator);
  return sendPage(browser.reply, enteredPage(), []);
}

function required(signIn: SignIn | null): SignIn {
  if (signIn === null) throw new EvergrantError("route_unknown");
  return signIn;
}

function requireSameOrigin(face: ConsoleFace, request: FastifyRequest): void {
  if (!isSameOrigin(request.headers, face.url())) throw new EvergrantError("sign_in_cross_site");
}

function limitRate(face: ConsoleFace, request: FastifyRequest): void {
  const verdict = face.limiter.take(request.ip);
  if (verdict.kind === "wait") throw new EvergrantError("request_too_frequent", { retryAfterMs: verdict.retryAfterMs });
}

// Browsers hold every redirect after the form to this list, and issuers send people on through hosts of their own.
function formTargets(signIn: SignIn | null): readonly string[] {
  if (signIn === null) return ["'self'"];
  return ["'self'", "https:", ...(signIn.issuer.startsWith("http://") ? [new URL(signIn.issuer).origin] : [])];
}

function sendPage(reply: FastifyReply, page: Page, targets: readonly string[]): FastifyReply {
  reply.header("content-security-policy", pagePolicy(targets));
  return reply.type("text/html; charset=utf-8").send(renderPage(page));
}
