import type { FastifyRequest } from "fastify";
import { grantKey, type Turn } from "../engine/index.ts";
import { nobodys, type Whose } from "../faults.ts";
import { loginOf } from "./browser-session.ts";
import type { FormBody } from "./form-body.ts";

/** Whose refresh token or code a request to the token or revocation endpoint brings. */
export function whoseForm(turn: Turn, form: FormBody): Whose {
  if (form.kind !== "form") return nobodys;
  const token = turn.draft.get("refreshTokens", hashed(turn, form.get("refresh_token") ?? form.get("token")));
  const family = turn.draft.get("families", token?.familyId ?? "");
  if (family !== undefined) return { ...nobodys, userId: family.userId, grantId: family.grantId };
  const code = turn.draft.get("codes", hashed(turn, form.get("code")));
  return code === undefined
    ? nobodys
    : { ...nobodys, userId: code.userId, grantId: grantKey(code.clientId, code.userId) };
}

/** Whose access token a request brings, and which organisation it asks for; a Custom Connection's token has its own. */
export function whoseAccess(turn: Turn, accessTokenId: string | null, tenantId: string | null): Whose {
  const access = turn.draft.get("accessTokens", accessTokenId ?? "");
  const family = turn.draft.get("families", access?.familyId ?? "");
  const organisationId = tenantId ?? access?.organisationId ?? null;
  return { userId: access?.userId ?? null, grantId: family?.grantId ?? null, organisationId };
}

/** Who is logged in in the browser that asks, and their grant to the app that sent them. */
export function whoseLogin(turn: Turn, request: FastifyRequest, clientId: string | null): Whose {
  const user = loginOf(turn, request)?.user;
  if (user === undefined) return nobodys;
  return { ...nobodys, userId: user.id, grantId: clientId === null ? null : grantKey(clientId, user.id) };
}

const hashed = (turn: Turn, secret: string | null): string => (secret === null ? "" : turn.mint.hash(secret));
