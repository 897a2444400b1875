import type { Socket } from "node:net";
import { EvergrantError } from "@evergrant/core";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import type { ServerChance, ServerTime } from "../ports.ts";
import { LIMITS } from "./limits.ts";
import { sendProblem } from "./problem.ts";
import { type RenderRefusal, refusing, routeOf } from "./refusing.ts";
import type { RequestLog } from "./request-log.ts";
import { endConnectionsAtStop } from "./stopping.ts";

export interface HttpAppOptions {
  readonly listener: string;
  readonly log: RequestLog;
  readonly time: ServerTime;
  readonly chance: ServerChance;
  /** Addresses of proxies whose `X-Forwarded-For` is believed; none by default. */
  readonly trustedProxies: readonly string[];
  /** How a refusal is written for somebody who reads HTML. */
  readonly page: RenderRefusal;
  /** How long a stop waits for what is being answered. */
  readonly answeredAtStopMs: number;
}

/** An HTTP server without routes: request ids, one log line per request, safe headers, and no error that speaks by itself. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { log, time, chance } = options;
  const anyFace = refusing((refusal, request, reply) => renderFor(request, options.page)(refusal, request, reply), log);
  const app = fastify({
    logger: false,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    requestIdHeader: false,
    genReqId: () => Buffer.from(chance.bytes(9)).toString("base64url"),
    requestTimeout: LIMITS.requestTimeoutMs,
    http: { headersTimeout: LIMITS.headersTimeoutMs },
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: LIMITS.pathParameterLength },
    frameworkErrors: (error, request, reply) => {
      // The hooks do not run for an address that the router cannot read.
      reply.headers({ ...SAFE_HEADERS, "x-request-id": request.id });
      anyFace(error, request, reply);
    },
    clientErrorHandler: (_error, socket) => answerUnreadable(socket),
  });
  endConnectionsAtStop(app, options.answeredAtStopMs);
  const startedAtMs = new WeakMap<FastifyRequest, number>();
  app.decorateRequest("refusalCode", null);
  app.addHook("onRequest", async (request, reply) => {
    startedAtMs.set(request, time.monotonicMs());
    reply.headers({ ...SAFE_HEADERS, "x-request-id": request.id });
  });
  app.addHook("onResponse", async (request, reply) => {
    const nowMs = time.monotonicMs();
    log.request({
      requestId: request.id,
      listener: options.listener,
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      code: request.refusalCode,
      ms: nowMs - (startedAtMs.get(request) ?? nowMs),
    });
  });
  app.setErrorHandler(anyFace);
  app.setNotFoundHandler((request, reply) => anyFace(new EvergrantError("route_unknown"), request, reply));
  return app;
}

/** Nothing of ours is cached, framed, sniffed or told to other sites; pages replace the policy by their own. */
const SAFE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

function renderFor(request: FastifyRequest, page: RenderRefusal): RenderRefusal {
  return (request.headers.accept ?? "").includes("text/html") ? page : sendProblem;
}

// What arrived was not HTTP that can be read: there is no request to answer, only a socket.
function answerUnreadable(socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } = new EvergrantError("request_malformed").facts;
  const body = JSON.stringify({
    type: "urn:evergrant:error:request_malformed",
    title: message,
    status,
    code: "request_malformed",
  });
  const head = [
    "HTTP/1.1 400 Bad Request",
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
