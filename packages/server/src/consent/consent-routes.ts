import { type AppId, type ConsentId, EvergrantError, Secret } from "@evergrant/core";
import type { ConsentOffer, ConsentOrigin, Keeper } from "@evergrant/keeper";
import cookie from "@fastify/cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LIMITS } from "../http/limits.ts";
import { isOtherLoopbackName } from "../http/public-url.ts";
import type { RateLimiter } from "../http/rate-limiter.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { type Handler, serve } from "../http/serve.ts";
import type { Site } from "../http/site.ts";
import type { ServerChance } from "../ports.ts";
import { consentBrowser, ensureConsentBrowser } from "./consent-browser.ts";
import { consentPage } from "./consent-page.ts";
import { type Page, pagePolicy, renderPage } from "./page.ts";
import { sendRefusalPage } from "./refusal-page.ts";
import { resultPage } from "./result-page.ts";
import { isSameOrigin } from "./same-origin.ts";

export interface ConsentFace {
  readonly keeper: Keeper;
  readonly site: Site;
  readonly log: RequestLog;
  readonly chance: ServerChance;
  readonly limiter: RateLimiter;
}

/** The pages that a person meets: the consent link, the way to the provider and back, and what came of it. */
export async function consentRoutes(app: FastifyInstance, face: ConsentFace): Promise<void> {
  await app.register(cookie);
  app.removeAllContentTypeParsers();
  // The form has no fields; what its body says is of no meaning.
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, _body, done) =>
    done(null, undefined),
  );
  app.setErrorHandler(refusing(sendRefusalPage, face.log));
  const show: Handler = (request, reply) => showConsent(face, request, reply);
  const begin: Handler = (request, reply) => beginConsent(face, request, reply);
  const receive: Handler = (request, reply) => receiveConsent(face, request, reply);
  const tell: Handler = (request, reply) => tellResult(face, request, reply);
  serve(app, { url: "/consent/:link", bodyLimit: LIMITS.consentBodyBytes, handlers: { GET: show, POST: begin } });
  serve(app, { url: "/consent/result/:id", handlers: { GET: tell } });
  serve(app, { url: "/oauth/callback/:app", head: false, handlers: { GET: receive } });
}

async function showConsent(face: ConsentFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const link = parameter(request, "link");
  const action = `/consent/${encodeURIComponent(link)}`;
  const { publicUrl } = face.site;
  // 127.0.0.1 and localhost are one machine but two origins: the cookie has to be set where the provider sends people back to.
  if (isOtherLoopbackName(request.headers.host, publicUrl)) return reply.redirect(`${publicUrl}${action}`, 302);
  const offer = await face.keeper.consents.look(new Secret(link));
  const policy = pagePolicy(await formTargets(face.keeper, offer));
  return sendPage(reply, { page: consentPage(offer, { action, host: new URL(publicUrl).host }), policy });
}

async function beginConsent(face: ConsentFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  limitRate(face, request);
  if (!isSameOrigin(request.headers, face.site.publicUrl)) throw new EvergrantError("consent_cross_site");
  const browser = ensureConsentBrowser(request, reply, face.chance);
  const link = new Secret(parameter(request, "link"));
  const { authorizeUrl } = await face.keeper.consents.begin(link, browser, originOf(request));
  return reply.redirect(authorizeUrl, 303);
}

async function receiveConsent(face: ConsentFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  limitRate(face, request);
  const queryStart = request.url.indexOf("?");
  const consent = await face.keeper.consents.receive({
    app: parameter(request, "app") as AppId,
    params: new URLSearchParams(queryStart < 0 ? "" : request.url.slice(queryStart + 1)),
    browser: consentBrowser(request),
    from: originOf(request),
  });
  return reply.redirect(`/consent/result/${encodeURIComponent(consent)}`, 303);
}

async function tellResult(face: ConsentFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const result = await face.keeper.consents.result(parameter(request, "id") as ConsentId, consentBrowser(request));
  const { status, page } = resultPage(result);
  return sendPage(reply.code(status), { page, policy: pagePolicy([]) });
}

function sendPage(reply: FastifyReply, { page, policy }: { page: Page; policy: string }): FastifyReply {
  return reply.header("content-security-policy", policy).type("text/html; charset=utf-8").send(renderPage(page));
}

// Browsers hold every redirect after the form to this list, and providers send people on through hosts of their own and of
// single sign-on services that nobody can know beforehand: any https, and of plain http only what the app's origins say.
async function formTargets(keeper: Keeper, offer: ConsentOffer): Promise<readonly string[]> {
  const app = (await keeper.apps.list()).find(({ name }) => name === offer.appName);
  const own = [app?.origins?.login, app?.origins?.identity].filter((origin) => origin?.startsWith("http://") === true);
  return ["'self'", "https:", ...new Set(own.flatMap((origin) => originsOf(origin)))];
}

function originsOf(text: string | undefined): readonly string[] {
  return text !== undefined && URL.canParse(text) ? [new URL(text).origin] : [];
}

const LONGEST_AGENT = 200;

// What a browser calls itself is anybody's text: kept short, and to characters that cannot deceive whoever reads it in a terminal.
function originOf(request: FastifyRequest): ConsentOrigin {
  const agent = request.headers["user-agent"]?.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, LONGEST_AGENT);
  return { address: request.ip, agent: agent === undefined || agent === "" ? null : agent };
}

function limitRate(face: ConsentFace, request: FastifyRequest): void {
  const verdict = face.limiter.take(request.ip);
  if (verdict.kind === "wait") throw new EvergrantError("request_too_frequent", { retryAfterMs: verdict.retryAfterMs });
}

function parameter(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? "";
}
