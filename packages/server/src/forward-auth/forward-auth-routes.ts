import type { EvergrantError } from "@evergrant/core";
import type { Keeper } from "@evergrant/keeper";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { basicCaller } from "../http/basic-caller.ts";
import { oneField } from "../http/one-field.ts";
import { leaveBodies, PASSED_METHODS, sendCallRefusal } from "../http/passed-call.ts";
import { type RenderRefusal, refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";

export interface ForwardAuthFace {
  readonly keeper: Keeper;
  readonly log: RequestLog;
}

/**
 * `GET /forward-auth/{connection}`: asked by a proxy, in its own name, what to put into a call that it is about to pass on. Envoy asks with
 * the method and the path of that call, so any are taken; neither changes the answer.
 */
export async function forwardAuthRoutes(app: FastifyInstance, face: ForwardAuthFace): Promise<void> {
  leaveBodies(app);
  app.setErrorHandler(refusing(sendForwardRefusal, face.log));
  for (const url of ["/forward-auth/:connection", "/forward-auth/:connection/*"])
    app.route({
      method: PASSED_METHODS,
      url,
      exposeHeadRoute: false,
      handler: (request, reply) => answerProxy(face, request, reply),
    });
}

async function answerProxy(face: ForwardAuthFace, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { connection = "" } = request.params as { readonly connection?: string };
  const caller = await basicCaller(face.keeper, request);
  const { token, headers, keepForMs } = await face.keeper.gateway.forward(caller, {
    connection,
    header: (name) => oneField(request, name),
  });
  const keepForSeconds = Math.floor(keepForMs / 1000);
  return (
    reply
      .headers(headers)
      .header("authorization", `${token.tokenType} ${token.accessToken.reveal()}`)
      // For nginx alone, which may keep the answer in memory so long; everybody else is told not to.
      .header("x-accel-expires", String(keepForSeconds))
      .send()
  );
}

// Proxies pass 401 and 403 on and take every other refusal for a fault of ours.
const sendForwardRefusal: RenderRefusal = (refusal: EvergrantError, request, reply) => {
  const { status } = refusal.facts;
  if (status !== 401 && status < 500 && status !== 429) reply.code(403);
  return sendCallRefusal(refusal, request, reply);
};
