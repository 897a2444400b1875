import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  type App,
  accepts,
  authenticateApp,
  clientCredentials,
  type PresentedClient,
  parseScopes,
  redeemCode,
  refresh,
  type TokenSet,
  type Turn,
} from "../engine/index.ts";
import type { JournalEntry } from "../request-journal.ts";
import type { World } from "../world.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "./answer.ts";
import { readBasic } from "./client-credentials-header.ts";
import { carryOut, type Done } from "./exchange.ts";
import { type FormBody, readForm } from "./form-body.ts";
import type { Names } from "./names.ts";
import { revokePresentedToken } from "./revocation-endpoint.ts";
import { tokenAnswer } from "./token-answer.ts";
import { createTokenRateLimit } from "./token-rate-limit.ts";
import { whoseForm } from "./whose.ts";

/** `POST /connect/token` and `POST /connect/revocation`. */
export function addTokenEndpoint(
  server: FastifyInstance,
  world: World,
  namesOf: (request: FastifyRequest) => Names,
): void {
  const limit = createTokenRateLimit();
  server.post("/connect/token", { config: { xeroHost: "identity" } }, async (request, reply) => {
    const form = await readForm(request.body, request.headers["content-type"], {
      multipart: world.engine.switches()["token.multipart"] === "accept",
    });
    const clients = presentedClients(request, form);
    const grantType = form.kind === "form" ? form.get("grant_type") : null;
    const clientId = clients[0]?.clientId ?? null;
    const names = namesOf(request);
    const work = () => {
      const perMinute = world.engine.switches()["token.rate_limit"];
      const waitSeconds = limit(clientId ?? "", { nowMs: world.clock.nowMs(), perMinute });
      return waitSeconds === null ? answerGrant(world, names, { form, clients }) : tooMany(world, waitSeconds);
    };
    const whose = (turn: Turn) => whoseForm(turn, form);
    return carryOut(world, { request, reply }, { endpoint: "token", grantType, clientId, whose, work });
  });
  server.post("/connect/revocation", { config: { xeroHost: "identity" } }, async (request, reply) => {
    const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
    const clients = presentedClients(request, form);
    const clientId = clients[0]?.clientId ?? null;
    const work = () =>
      form.kind === "form" ? revoke(world, form, clients) : refusal(world, "invalid_request", form.kind);
    const whose = (turn: Turn) => whoseForm(turn, form);
    return carryOut(world, { request, reply }, { endpoint: "revocation", grantType: null, clientId, whose, work });
  });
}

type Form = Extract<FormBody, { readonly kind: "form" }>;

type TokenErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "invalid_scope";

const descriptions: { readonly [K in TokenErrorCode]: string } = {
  invalid_request: "The request is malformed.",
  invalid_client: "Client authentication failed.",
  invalid_grant: "The grant is invalid, expired or revoked.",
  unauthorized_client: "The client may not use this grant type.",
  unsupported_grant_type: "The grant type is not supported.",
  invalid_scope: "Client credentials scope validation failed.",
};

type Granted =
  | {
      readonly kind: "granted";
      readonly tokens: TokenSet;
      readonly nonce: string | null;
      readonly outcome: string;
      readonly token?: JournalEntry["token"];
    }
  | {
      readonly kind: "refused";
      readonly error: TokenErrorCode;
      readonly outcome: string;
      readonly token?: JournalEntry["token"];
    };

async function answerGrant(
  world: World,
  names: Names,
  asked: { readonly form: FormBody; readonly clients: readonly PresentedClient[] },
): Promise<Done> {
  const { form, clients } = asked;
  const malformed = world.engine.switches()["token.malformed_error"];
  if (form.kind === "not-a-form") return refusal(world, malformed, "not-a-form");
  if (form.kind === "repeated") return refusal(world, "invalid_request", "repeated-parameter");
  const grantType = form.get("grant_type");
  if (grantType === null) return refusal(world, malformed, "grant-type-missing");
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined;
  if (grant === undefined) return refusal(world, "unsupported_grant_type", "unsupported-grant-type");
  // One transaction: the client is checked, the rule decides, the rows are written. Only then is anything signed.
  const atMs = world.clock.nowMs();
  const granted = world.engine.run(atMs, (turn): Granted => {
    const app = authenticateApp(turn, clients);
    return app === null
      ? { kind: "refused", error: "invalid_client", outcome: "invalid-client" }
      : grant(turn, app, form);
  });
  const token = granted.token ?? null;
  if (granted.kind === "refused") return { ...refusal(world, granted.error, granted.outcome), token };
  const answer = jsonAnswer(200, await tokenAnswer(world, names, { ...granted, atMs }), tokenHeaders(world));
  return { answer, outcome: granted.outcome, committed: true, token };
}

type GrantRule = (turn: Turn, app: App, form: Form) => Granted;

const grants: Readonly<Record<string, GrantRule>> = {
  authorization_code(turn, app, form) {
    if (app.kind === "custom-connection")
      return { kind: "refused", error: "unauthorized_client", outcome: "grant-not-allowed" };
    const code = form.get("code");
    if (code === null || code === "") return { kind: "refused", error: "invalid_request", outcome: "code-missing" };
    const verifier = form.get("code_verifier");
    const verifierChallenge = verifier === null ? null : challengeOf(verifier);
    const outcome = redeemCode(turn, { app, code, redirectUri: form.get("redirect_uri"), verifierChallenge });
    if (outcome.kind !== "issued") return { kind: "refused", error: "invalid_grant", outcome: outcome.kind };
    return {
      kind: "granted",
      tokens: outcome.tokens,
      nonce: outcome.nonce,
      outcome: "issued",
      ...issuedToken(outcome.tokens),
    };
  },
  refresh_token(turn, app, form) {
    const refreshToken = form.get("refresh_token");
    if (refreshToken === null || refreshToken === "")
      return { kind: "refused", error: "invalid_request", outcome: "refresh-token-missing" };
    const { decision, tokens, presented } = refresh(turn, { clientId: app.clientId, refreshToken });
    const hash = presented?.hash ?? turn.mint.hash(refreshToken);
    const token = { hashPrefix: hash.slice(0, 12), generation: presented?.generation ?? null };
    if (tokens === null || !accepts[decision.kind])
      return { kind: "refused", error: "invalid_grant", outcome: decision.kind, token };
    return { kind: "granted", tokens, nonce: null, outcome: decision.kind, token };
  },
  client_credentials(turn, app, form) {
    const scope = form.get("scope");
    const outcome = clientCredentials(turn, app, scope === null || scope.trim() === "" ? null : parseScopes(scope));
    switch (outcome.kind) {
      case "issued":
        return { kind: "granted", tokens: outcome.tokens, nonce: null, outcome: "issued" };
      case "grant-not-allowed":
        return { kind: "refused", error: "unauthorized_client", outcome: outcome.kind };
      case "inactive":
        return { kind: "refused", error: turn.switches["cc.inactive_error"], outcome: outcome.kind };
      case "invalid-scope":
        return { kind: "refused", error: "invalid_scope", outcome: outcome.kind };
    }
  },
};

// A verifier outside RFC 7636 §4.1 fits no challenge.
const challengeOf = (verifier: string): string =>
  /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) ? createHash("sha256").update(verifier).digest("base64url") : "malformed";

const issuedToken = ({ refresh: issued }: TokenSet) =>
  issued === null ? {} : { token: { hashPrefix: issued.row.hash.slice(0, 12), generation: issued.row.generation } };

async function revoke(world: World, form: Form, clients: readonly PresentedClient[]): Promise<Done> {
  const done = await revokePresentedToken(world, { token: form.get("token"), clients });
  if (done.kind === "refused") return refusal(world, done.error, done.outcome);
  return {
    answer: emptyAnswer(200, tokenHeaders(world)),
    outcome: done.outcome,
    committed: done.committed,
    token: done.token,
  };
}

function presentedClients(request: FastifyRequest, form: FormBody): readonly PresentedClient[] {
  const basic = readBasic(request.headers.authorization);
  if (basic !== null) return basic;
  const clientId = form.kind === "form" ? form.get("client_id") : null;
  return clientId === null || form.kind !== "form" ? [] : [{ clientId, secret: form.get("client_secret") }];
}

function refusal(world: World, error: TokenErrorCode, outcome: string): Done {
  const switches = world.engine.switches();
  const status = error === "invalid_client" ? switches["invalid_client.status"] : 400;
  const challenge = status === 401 ? { "www-authenticate": "Basic" } : {};
  const body = switches["error_description.token"] ? { error, error_description: descriptions[error] } : { error };
  const answer: Answer = jsonAnswer(status, body, { ...tokenHeaders(world), ...challenge });
  return { answer, outcome, committed: false };
}

function tooMany(world: World, waitSeconds: number): Done {
  const headers = { ...tokenHeaders(world), "retry-after": String(waitSeconds), "x-rate-limit-problem": "minute" };
  return { answer: emptyAnswer(429, headers), outcome: "rate-limited", committed: false };
}

// As recorded from Xero's identity server in 2020.
const tokenHeaders = (world: World): Readonly<Record<string, string>> => ({
  "cache-control": "max-age=0, no-cache, no-store",
  pragma: "no-cache",
  server: "nginx",
  "xero-origin-id": "IdentityServer.Web",
  "xero-correlation-id": world.nextCorrelationId(),
});
