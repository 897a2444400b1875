import { EvergrantError, Secret } from "@evergrant/core";
import type { Keeper, OperatorPrincipal } from "@evergrant/keeper";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LIMITS } from "../http/limits.ts";
import type { RateLimiter } from "../http/rate-limiter.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks at the admin API. */
    operator: OperatorPrincipal | null;
  }
}

/**
 * Lets only operators through, by their keys (RFC 6750 §2.1). Wrong keys are counted per address; a right one always passes,
 * so that nobody can lock operators out from the same address.
 */
export function requireOperator(face: { readonly keeper: Keeper; readonly limiter: RateLimiter }) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const key = bearer(request.headers.authorization);
    request.operator = key === null ? null : await face.keeper.operators.byKey(key);
    if (request.operator !== null) return;
    const verdict = face.limiter.take(request.ip);
    if (verdict.kind === "wait")
      throw new EvergrantError("request_too_frequent", { retryAfterMs: verdict.retryAfterMs });
    reply.header("www-authenticate", 'Bearer realm="evergrant operators"');
    throw new EvergrantError("operator_key_invalid");
  };
}

function bearer(authorization: string | undefined): Secret | null {
  const key = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "")?.[1];
  return key === undefined || key.length > LIMITS.credentialLength ? null : new Secret(key);
}
