import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";
import type { AccessToken, Engine, LedgerView, TokenSet, User } from "../engine/index.ts";
import type { World } from "../world.ts";
import type { Names } from "./names.ts";

export interface TokenAnswer {
  readonly id_token?: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: "Bearer";
  readonly refresh_token?: string;
  readonly scope: string;
}

/** What one transaction handed out, and at which instant. */
export interface Issued {
  readonly tokens: TokenSet;
  readonly nonce: string | null;
  readonly atMs: number;
}

/** Signs a token set and puts it into Xero's shape: `scope` is a string here and a list inside the token. */
export async function tokenAnswer(world: World, names: Names, issued: Issued): Promise<TokenAnswer> {
  const { tokens } = issued;
  const accessToken = await world.keys.sign(accessClaims(world.engine, names, tokens));
  const idToken = tokens.scopes.includes("openid") ? await signIdToken(world, names, { ...issued, accessToken }) : null;
  return {
    ...(idToken === null ? {} : { id_token: idToken }),
    access_token: accessToken,
    expires_in: Math.floor((tokens.access.expiresAtMs - issued.atMs) / 1000),
    token_type: "Bearer",
    ...(tokens.refresh === null ? {} : { refresh_token: tokens.refresh.token }),
    scope: tokens.scopes.join(" "),
  };
}

const toSeconds = (ms: number): number => Math.floor(ms / 1000);

// Built from stored facts alone, so that the same access token handed out twice is the same string (RS256 is deterministic).
function accessClaims(engine: Engine, names: Names, { access, family, scopes }: TokenSet): JWTPayload {
  const base = {
    nbf: toSeconds(access.issuedAtMs),
    exp: toSeconds(access.expiresAtMs),
    iss: names.issuer,
    aud: `${names.issuer}/resources`,
    client_id: access.clientId,
  };
  if (family === null) return { ...base, ...authoriserClaims(engine, access), jti: access.id, scope: [...scopes] };
  return {
    ...base,
    sub: family.userId,
    auth_time: toSeconds(family.authTimeMs),
    xero_userid: userOf(engine.view, access)?.xeroUserId,
    global_session_id: family.sessionId,
    sid: family.sessionId,
    idp: "local",
    jti: access.id,
    authentication_event_id: family.authEventId,
    scope: [...scopes],
    amr: ["pwd"],
  };
}

/** What a Custom Connection's token may say of the person who authorised it. */
function authoriserClaims(engine: Engine, access: AccessToken): JWTPayload {
  const app = engine.view.get("apps", access.clientId);
  if (app?.kind !== "custom-connection" || engine.switches()["cc.token_claims"] === "client-only") return {};
  const { authorisingUserId, authorisedAtMs, connectionId } = app.custom;
  return {
    sub: authorisingUserId,
    auth_time: toSeconds(authorisedAtMs ?? app.createdAtMs),
    xero_userid: engine.view.get("users", authorisingUserId)?.xeroUserId,
    authentication_event_id: connectionId,
  };
}

async function signIdToken(
  world: World,
  names: Names,
  issued: Issued & { readonly accessToken: string },
): Promise<string | null> {
  const { family, access, scopes } = issued.tokens;
  const user = userOf(world.engine.view, access);
  if (family === null || user === undefined) return null;
  const now = toSeconds(issued.atMs);
  return world.keys.sign({
    nbf: now,
    exp: now + world.engine.switches()["id_token.ttl_seconds"],
    iss: names.issuer,
    aud: access.clientId,
    ...(issued.nonce === null ? {} : { nonce: issued.nonce }),
    iat: now,
    at_hash: createHash("sha256").update(issued.accessToken).digest().subarray(0, 16).toString("base64url"),
    sid: family.sessionId,
    sub: user.id,
    auth_time: toSeconds(family.authTimeMs),
    idp: "local",
    xero_userid: user.xeroUserId,
    global_session_id: family.sessionId,
    ...personClaims(user, scopes),
    amr: ["pwd"],
  });
}

/** What `profile` and `email` reveal of a person. */
export function personClaims(user: User, scopes: readonly string[]): Record<string, string> {
  return {
    ...(scopes.includes("profile")
      ? {
          preferred_username: user.email,
          given_name: user.givenName,
          family_name: user.familyName,
        }
      : {}),
    ...(scopes.includes("email") ? { email: user.email } : {}),
  };
}

const userOf = (view: LedgerView, access: AccessToken): User | undefined =>
  access.userId === null ? undefined : view.get("users", access.userId);
