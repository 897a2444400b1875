import type { FastifyRequest } from "fastify";
import type { World } from "../world.ts";
import { readBearer } from "./client-credentials-header.ts";

export interface Bearer {
  /** The `jti` of a token that we signed, else null. */
  readonly accessTokenId: string | null;
  readonly clientId: string | null;
}

/** Who a request says it is from; whether the token is still good is the ledger's to say. */
export async function bearerOf(world: World, request: FastifyRequest): Promise<Bearer> {
  const token = readBearer(request.headers.authorization);
  const claims = token === null ? null : await world.keys.read(token);
  // An ID token is signed by the same key but has no jti, so it opens nothing.
  return {
    accessTokenId: typeof claims?.jti === "string" ? claims.jti : null,
    clientId: typeof claims?.client_id === "string" ? claims.client_id : null,
  };
}
