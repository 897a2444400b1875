import type { Keeper } from "@evergrant/keeper";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { basicCaller } from "../http/basic-caller.ts";
import { oneField } from "../http/one-field.ts";
import { leaveBodies, PASSED_METHODS, sendCallRefusal } from "../http/passed-call.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import type { Site } from "../http/site.ts";
import { answerCall } from "./answer-call.ts";
import type { ApiClient } from "./api-client.ts";
import { exchangeCall } from "./api-exchange.ts";
import { callBody } from "./call-body.ts";
import { callTarget, refuseAmbiguity } from "./call-target.ts";
import { passedRequestFields } from "./passed-fields.ts";

export interface GatewayFace {
  readonly keeper: Keeper;
  readonly site: Site;
  readonly log: RequestLog;
  readonly client: ApiClient;
}

/** `ANY /gateway/{connection}/{path}`: a provider's API, for callers who never see a token. */
export async function gatewayRoutes(app: FastifyInstance, face: GatewayFace): Promise<void> {
  leaveBodies(app);
  app.setErrorHandler(refusing(sendCallRefusal, face.log));
  // Who waits for a turn would hold up the end of the server for longer than anybody waits for that.
  const stopping = new AbortController();
  app.addHook("preClose", async () => stopping.abort());
  app.route({
    method: PASSED_METHODS,
    url: "/gateway/:connection/*",
    exposeHeadRoute: false,
    handler: (request, reply) => passOn({ ...face, stopping: stopping.signal }, request, reply),
  });
}

/** A list that has to be filtered is asked for whole, in one form. */
const WHOLE_LIST = { accept: "application/json", "accept-encoding": "identity" };

async function passOn(
  face: GatewayFace & { readonly stopping: AbortSignal },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  refuseAmbiguity(request);
  const target = callTarget(request);
  const caller = await basicCaller(face.keeper, request);
  const call = await face.keeper.gateway.admit(caller, {
    ...target,
    method: request.method,
    header: (name) => oneField(request, name),
  });
  const answer = await exchangeCall(face.client, call, {
    method: request.method,
    headers: call.shows === null ? passedRequestFields(request.headers, call.passes.request) : WHOLE_LIST,
    body: await callBody(request.raw),
    signal: hangUpSignal(reply),
    stopping: face.stopping,
  });
  const base = `${face.site.publicUrl}/gateway/${target.connection}`;
  return await answerCall(reply, call, { answer, address: { base, isHead: request.method === "HEAD" } });
}

function hangUpSignal(reply: FastifyReply): AbortSignal {
  const hungUp = new AbortController();
  const told = () => {
    if (!reply.raw.writableFinished) hungUp.abort();
  };
  if (reply.raw.destroyed) hungUp.abort();
  else reply.raw.once("close", told);
  return hungUp.signal;
}
