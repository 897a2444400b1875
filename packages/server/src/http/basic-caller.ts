import { EvergrantError } from "@evergrant/core";
import type { CallerPrincipal, Keeper } from "@evergrant/keeper";
import type { FastifyRequest } from "fastify";
import { clientCredentials } from "../token/client-credentials.ts";

/**
 * Who calls, by client id and secret in the `Authorization` header, as at the token endpoint.
 * @throws caller_authentication_failed
 */
export function basicCaller(keeper: Keeper, request: FastifyRequest): CallerPrincipal {
  const { id, secret } = clientCredentials(request.headers.authorization, new Map());
  const caller = keeper.callers.authenticate(id, secret);
  if (caller === undefined) throw new EvergrantError("caller_authentication_failed");
  return caller;
}

export const BASIC_CHALLENGE = 'Basic realm="evergrant", charset="UTF-8"';
