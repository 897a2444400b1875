import type { FastifyInstance, FastifyRequest } from "fastify";
import { CONSENT_SCOPES, checkAccess, type Switches, type Turn } from "../engine/index.ts";
import type { World } from "../world.ts";
import { jsonAnswer } from "./answer.ts";
import { readBearer } from "./client-credentials-header.ts";
import { carryOut } from "./exchange.ts";
import type { Names } from "./names.ts";
import { personClaims } from "./token-answer.ts";
import { whoseAccess } from "./whose.ts";

/** OpenID Connect discovery, the keys and `userinfo`. */
export function addDiscovery(server: FastifyInstance, world: World, namesOf: (request: FastifyRequest) => Names): void {
  const config = { xeroHost: "identity" };
  server.get("/.well-known/openid-configuration", { config }, async (request, reply) => {
    const work = () => ({
      answer: jsonAnswer(200, metadata(namesOf(request), world.engine.switches())),
      outcome: "ok",
      committed: false,
    });
    return carryOut(world, { request, reply }, { endpoint: "discovery", grantType: null, clientId: null, work });
  });
  server.get("/.well-known/openid-configuration/jwks", { config }, async (request, reply) => {
    const work = () => ({ answer: jsonAnswer(200, world.keys.jwks()), outcome: "ok", committed: false });
    return carryOut(world, { request, reply }, { endpoint: "jwks", grantType: null, clientId: null, work });
  });
  server.route({
    method: ["GET", "POST"],
    url: "/connect/userinfo",
    config,
    handler: async (request, reply) => {
      const claims = await world.keys.read(readBearer(request.headers.authorization) ?? "");
      const clientId = typeof claims?.client_id === "string" ? claims.client_id : null;
      const accessTokenId = typeof claims?.jti === "string" ? claims.jti : null;
      const work = () => userinfo(world, accessTokenId);
      const whose = (turn: Turn) => whoseAccess(turn, accessTokenId, null);
      return carryOut(world, { request, reply }, { endpoint: "userinfo", grantType: null, clientId, whose, work });
    },
  });
}

function userinfo(world: World, accessTokenId: string | null) {
  return world.engine.run(world.clock.nowMs(), (turn) => {
    const checked = checkAccess(turn, accessTokenId);
    const user =
      checked.kind === "ok" && checked.access.userId !== null
        ? turn.draft.get("users", checked.access.userId)
        : undefined;
    if (checked.kind !== "ok" || user === undefined || !checked.access.scopes.includes("openid")) {
      const answer = jsonAnswer(
        401,
        { error: "invalid_token" },
        { "www-authenticate": 'Bearer error="invalid_token"' },
      );
      return { answer, outcome: checked.kind === "ok" ? "scope-missing" : checked.kind, committed: false };
    }
    const body = { sub: user.id, xero_userid: user.xeroUserId, ...personClaims(user, checked.access.scopes) };
    return { answer: jsonAnswer(200, body), outcome: "ok", committed: false };
  });
}

const metadata = ({ issuer, login }: Names, switches: Switches) => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
  authorization_endpoint: `${login}/identity/connect/authorize`,
  token_endpoint: `${issuer}/connect/token`,
  userinfo_endpoint: `${issuer}/connect/userinfo`,
  revocation_endpoint: `${issuer}/connect/revocation`,
  scopes_supported: CONSENT_SCOPES,
  claims_supported: [
    "sub",
    "xero_userid",
    "preferred_username",
    "given_name",
    "family_name",
    "email",
    "global_session_id",
  ],
  grant_types_supported: ["authorization_code", "client_credentials", "refresh_token"],
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  id_token_signing_alg_values_supported: ["RS256"],
  subject_types_supported: ["public"],
  code_challenge_methods_supported: ["S256"],
  // RFC 9207 §3: so a client knows that a callback without it is a forged one.
  ...(switches["callback.iss"] ? { authorization_response_iss_parameter_supported: true } : {}),
});
