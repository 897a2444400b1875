import type { TokenAnswer } from "@evergrant/contract";
import { type ConnectionId, EvergrantError } from "@evergrant/core";
import type { AccessToken, CallerPrincipal, Keeper } from "@evergrant/keeper";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LIMITS } from "../http/limits.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { type Handler, serve } from "../http/serve.ts";
import { issuerOf, type Site } from "../http/site.ts";
import { clientCredentials } from "./client-credentials.ts";
import { one, readForm } from "./form.ts";
import { namedConnection } from "./named-connection.ts";
import { ConsentRequired, sendTokenRefusal } from "./token-refusal.ts";

export interface TokenFace {
  readonly keeper: Keeper;
  readonly site: Site;
  readonly log: RequestLog;
}

/** The token endpoint: client credentials in, the provider's access token out. One per connection, and a shared one. */
export async function tokenEndpoint(app: FastifyInstance, face: TokenFace): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler(refusing(sendTokenRefusal, face.log));
  const ask: Handler = (request, reply) => answerToken(face, request, reply);
  const endpoint = { bodyLimit: LIMITS.tokenBodyBytes, handlers: { POST: ask } };
  serve(app, { ...endpoint, url: "/oauth2/token" });
  serve(app, { ...endpoint, url: "/connections/:name/oauth2/token" });
}

async function answerToken(face: TokenFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = readForm(typeof request.body === "string" ? request.body : "");
  const addressed = addressedConnection(request);
  const credential = clientCredentials(request.headers.authorization, form, issuerAt(face.site, addressed));
  const caller = await face.keeper.callers.authenticate(credential, request.ip);
  checkGrantType(one(form, "grant_type"));
  const minTtlMs = minTtlMsOf(one(form, "min_ttl"));
  const refusedSha256 = refusedSha256Of(one(form, "refused_token_sha256"));
  const name = namedConnection(face.site, addressed, form);
  const connection = permittedConnection(face.keeper, caller, name);
  const token = await face.keeper.tokens
    .accessToken(connection, {
      ...(minTtlMs === null ? {} : { minTtlMs }),
      ...(refusedSha256 === null ? {} : { refusedSha256 }),
    })
    .catch((error: unknown) => refuseToken(error, { keeper: face.keeper, caller, connection, name }));
  return reply
    .header("pragma", "no-cache")
    .type("application/json")
    .send(JSON.stringify(answerOf(token)));
}

// Each connection is an issuer of its own; the shared endpoint's is the deployment.
function issuerAt(site: Site, connection: string | null): string {
  return connection === null ? site.publicUrl : issuerOf(site, connection);
}

function checkGrantType(grantType: string | null): void {
  if (grantType === null) throw new EvergrantError("request_malformed", { detail: "grant_type is missing" });
  if (grantType !== "client_credentials") throw new EvergrantError("grant_type_unsupported");
}

function minTtlMsOf(text: string | null): number | null {
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text))
    throw new EvergrantError("request_malformed", { detail: "min_ttl is a whole number of seconds" });
  return Number(text) * 1000;
}

// As `sha256sum` writes it, or base64url like the `ath` of RFC 9449 §4.2.
function refusedSha256Of(text: string | null): string | null {
  if (text === null) return null;
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  const bytes = /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, "base64url") : null;
  if (bytes?.length !== 32)
    throw new EvergrantError("request_malformed", {
      detail: "refused_token_sha256 is the SHA-256 of the refused access token, in hex or base64url",
    });
  return bytes.toString("hex");
}

function addressedConnection(request: FastifyRequest): string | null {
  const { name } = request.params as { readonly name?: string };
  return name ?? null;
}

const NO_CONNECTION = "" as ConnectionId;

// An unknown connection is asked about like any other, so that neither words nor time tell it from a forbidden one.
function permittedConnection(keeper: Keeper, caller: CallerPrincipal, name: string): ConnectionId {
  const known = keeper.connections.idOf(name);
  const permitted = caller.may("token", known ?? NO_CONNECTION);
  if (known === undefined || !permitted) throw new EvergrantError("connection_not_available");
  return known;
}

interface RefusedAsk {
  readonly keeper: Keeper;
  readonly caller: CallerPrincipal;
  readonly connection: ConnectionId;
  readonly name: string;
}

async function refuseToken(error: unknown, ask: RefusedAsk): Promise<never> {
  const { keeper, caller, connection, name } = ask;
  if (!(error instanceof EvergrantError) || error.code !== "consent_required" || !caller.may("consent", connection))
    throw error;
  // Without a link the refusal still stands: a connection that waits for its first consent has none to give.
  const link = await keeper.consents.reconsentLink(name).catch(() => null);
  throw link === null ? error : new ConsentRequired(link.url, error);
}

function answerOf(token: AccessToken): TokenAnswer {
  return {
    access_token: token.accessToken.reveal(),
    token_type: token.tokenType,
    expires_in: Math.max(0, Math.floor(token.expiresInMs / 1000)),
    scope: token.scope,
    tenants: token.tenants.map(({ id, name }) => ({ id, name })),
  };
}
