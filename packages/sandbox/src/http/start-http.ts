import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Control } from "../control/control.ts";
import { addControlApi, sendControlError } from "../control/control-api.ts";
import { addDesk } from "../desk/desk.ts";
import { SandboxError } from "../errors.ts";
import type { Followers } from "../followers.ts";
import { addPortal } from "../portal/portal.ts";
import type { World } from "../world.ts";
import { addAccountingApi } from "./accounting-api.ts";
import { addAuthorizeEndpoint } from "./authorize-endpoint.ts";
import { addConnectedApps } from "./connected-apps.ts";
import { addConnectionsEndpoint } from "./connections-endpoint.ts";
import { addCustomConsentEndpoint } from "./custom-consent-endpoint.ts";
import { addDiscovery } from "./discovery.ts";
import { namesOf, type Ports, xeroHostOf } from "./names.ts";
import { addTokenEndpoint } from "./token-endpoint.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Which of Xero's hosts serves the route; the others answer 404. */
    xeroHost?: string;
  }
}

export interface Listen {
  readonly port: number;
  readonly host: string;
  readonly tls: { readonly key: string; readonly cert: string; readonly port?: number } | null;
}

export interface HttpParts {
  readonly world: World;
  readonly control: Control;
  readonly followers: Followers;
  readonly listen: Listen;
}

export interface StartedHttp {
  readonly ports: Ports;
  stop(): Promise<void>;
}

/** Serves identity, login, API and control on one port, and again on a TLS port if asked. Throws `port_taken`. */
export async function startHttp(parts: HttpParts): Promise<StartedHttp> {
  const ports: { http: number; tls: number | null } = { http: 0, tls: null };
  const { server, listener } = buildServer();
  addRoutes(server, parts, ports);
  await server.ready();
  const secure =
    parts.listen.tls === null
      ? null
      : createTlsServer({ key: parts.listen.tls.key, cert: parts.listen.tls.cert }, listener());
  try {
    ports.http = await listenOn(server.server as Server, parts.listen.port, parts.listen.host);
    if (secure !== null) ports.tls = await listenOn(secure, parts.listen.tls?.port ?? 0, parts.listen.host);
  } catch (error) {
    await Promise.all([stopServer(server.server as Server), server.close()]);
    throw error;
  }
  const stop = async () => {
    await Promise.all([stopServer(server.server as Server), secure === null ? null : stopServer(secure)]);
    await server.close();
  };
  return { ports, stop };
}

const bodyLimit = 256 * 1024;

function buildServer(): { readonly server: FastifyInstance; readonly listener: () => RequestListener } {
  let handler: RequestListener | null = null;
  const server = fastify({
    bodyLimit,
    exposeHeadRoutes: false,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 300 },
    serverFactory: (given) => {
      handler = given as RequestListener;
      return createServer(handler);
    },
    frameworkErrors: (error, _request, reply) => sendFailure(reply, error),
  });
  const listener = () => {
    if (handler === null) throw new Error("the server is not built yet");
    return handler;
  };
  return { server: server as unknown as FastifyInstance, listener };
}

function addRoutes(server: FastifyInstance, { world, control, followers }: HttpParts, ports: Ports): void {
  const names = (request: FastifyRequest) => namesOf(request, ports);
  server.setErrorHandler((error: FastifyError, _request, reply) => sendFailure(reply, error));
  server.setNotFoundHandler((_request, reply) => reply.code(404).type("text/plain; charset=utf-8").send("Not found"));
  server.addHook("onRequest", async (request, reply) => {
    const host = xeroHostOf(request);
    if (host !== null && request.routeOptions.config.xeroHost !== host)
      await reply.code(404).type("text/plain; charset=utf-8").send("Not found");
  });
  server.register((xero, _options, done) => {
    takeForms(xero);
    xero.after(() => {
      addDiscovery(xero, world, names);
      addAuthorizeEndpoint(xero, world, names);
      addConnectedApps(xero, world);
      addCustomConsentEndpoint(xero, world);
      addTokenEndpoint(xero, world, names);
      addConnectionsEndpoint(xero, world);
      addAccountingApi(xero, world);
    });
    done();
  });
  server.register((own, _options, done) => {
    takeAnyBody(own);
    addControlApi(own, { control, world, followers });
    done();
  });
  server.register((portal, _options, done) => {
    takeForms(portal);
    portal.after(() => addPortal(portal, { world, control }));
    done();
  });
  server.register((desk, _options, done) => {
    takeForms(desk);
    desk.after(() => addDesk(desk, { world, control }));
    done();
  });
}

function takeForms(server: FastifyInstance): void {
  server.register(cookie);
  takeAnyBody(server);
  server.register(formbody, {
    bodyLimit,
    parser: (text) => new URLSearchParams(text) as unknown as Record<string, unknown>,
  });
}

// Each endpoint says itself, and in its own words, which bodies it reads.
function takeAnyBody(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, (_request, body, done) => done(null, body));
}

function sendFailure(reply: FastifyReply, error: FastifyError | Error): FastifyReply {
  if (error instanceof SandboxError) return sendControlError(reply, error);
  const status = "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
  if (status === 413) return sendControlError(reply, new SandboxError("body_too_large", "The body is too large."));
  return reply
    .code(status)
    .type("application/json; charset=utf-8")
    .send(JSON.stringify({ error: status < 500 ? "invalid_request" : "server_error" }));
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE" || error.code === "EACCES";
      reject(
        taken
          ? new SandboxError(
              "port_taken",
              `Port ${port} on ${host} is taken. Stop what uses it, or choose another port (0 picks a free one).`,
              { cause: error },
            )
          : error,
      );
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
