import type { EvergrantError } from "@evergrant/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { failureFacts } from "./failure-facts.ts";
import { LIMITS } from "./limits.ts";
import { refusalOf } from "./refusal.ts";
import type { RequestLog } from "./request-log.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The code of the refusal that was answered, for the log. */
    refusalCode: string | null;
  }
}

/** Writes a refusal in the form of one face; status and general headers are set already. */
export type RenderRefusal = (refusal: EvergrantError, request: FastifyRequest, reply: FastifyReply) => unknown;

export const routeOf = (request: FastifyRequest): string => request.routeOptions?.url ?? "unmatched";

/** The error handler of a face: whatever was thrown is answered as a refusal, and what nobody foresaw is logged without its words. */
export function refusing(render: RenderRefusal, log: RequestLog) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { kind, refusal } = refusalOf(error);
    if (kind === "failure") log.failure({ requestId: request.id, route: routeOf(request), ...failureFacts(error) });
    request.refusalCode = refusal.code;
    reply.code(refusal.facts.status);
    const retryAfterMs = retryAfterMsOf(refusal);
    if (retryAfterMs !== null) reply.header("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
    render(refusal, request, reply);
  };
}

function retryAfterMsOf(refusal: EvergrantError): number | null {
  const { status } = refusal.facts;
  return refusal.retryAfterMs ?? (status === 503 || status === 429 ? LIMITS.retryAfterMs : null);
}
