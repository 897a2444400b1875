import type { FastifyInstance } from "fastify";
import { BASIC_CHALLENGE } from "./basic-caller.ts";
import { sendProblem } from "./problem.ts";
import type { RenderRefusal } from "./refusing.ts";

/** The methods of calls that go on to a provider's API, here or by a proxy. */
export const PASSED_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/** Bodies of such calls are never read here: they stream through, or stay where they are. */
export function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
}

/** The refusal of a call, as problem JSON. */
export const sendCallRefusal: RenderRefusal = (refusal, request, reply) => {
  if (refusal.facts.status === 401) reply.header("www-authenticate", BASIC_CHALLENGE);
  // Whoever was refused shall not send the rest of a large body for nothing.
  if (!request.raw.complete) reply.header("connection", "close");
  return sendProblem(refusal, request, reply);
};
