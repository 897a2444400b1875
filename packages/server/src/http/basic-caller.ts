import type { CallerPrincipal, Keeper } from "@evergrant/keeper";
import type { FastifyRequest } from "fastify";
import { basicCredential } from "../token/client-credentials.ts";

/**
 * Who calls, by client id and secret in the `Authorization` header, as at the token endpoint.
 * @throws caller_authentication_failed · caller_network_refused · caller_too_frequent
 */
export async function basicCaller(keeper: Keeper, request: FastifyRequest): Promise<CallerPrincipal> {
  return await keeper.callers.authenticate(basicCredential(request.headers.authorization ?? ""), request.ip);
}

export const BASIC_CHALLENGE = 'Basic realm="evergrant", charset="UTF-8"';
