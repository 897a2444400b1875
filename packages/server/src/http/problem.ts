import type { Problem } from "@evergrant/contract";
import type { EvergrantError } from "@evergrant/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { InputInvalid } from "./refusal.ts";

/** A refusal as a problem document (RFC 9457). */
export function sendProblem(refusal: EvergrantError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem: Problem = {
    type: `urn:evergrant:error:${refusal.code}`,
    title: refusal.facts.message,
    status: reply.statusCode,
    code: refusal.code,
    ...(refusal.detail === null ? {} : { detail: refusal.detail }),
    requestId: request.id,
    ...(refusal instanceof InputInvalid ? { errors: [...refusal.problems] } : {}),
  };
  return reply.type("application/problem+json").send(JSON.stringify(problem));
}
