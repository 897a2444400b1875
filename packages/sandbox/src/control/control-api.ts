import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SandboxError } from "../errors.ts";
import type { ClockLine, Followers } from "../followers.ts";
import type { World } from "../world.ts";
import type { Control } from "./control.ts";
import { inputs } from "./inputs.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS, perform } from "./operations.ts";
import { parseInput } from "./parse-input.ts";
import { refuseStrangers } from "./strangers.ts";

export interface ControlApiParts {
  readonly control: Control;
  readonly world: World;
  readonly followers: Followers;
}

/** The control API under `/__sandbox/`: JSON, for this machine only. */
export function addControlApi(server: FastifyInstance, parts: ControlApiParts): void {
  server.addHook("onRequest", async (request) => refuseStrangers(request));
  for (const operation of OPERATIONS) {
    const [method, path] = operation;
    server.route({
      method,
      url: `/__sandbox/${path}`,
      // A snapshot is as large as the sandbox it was taken of.
      ...(path === "restore" ? { bodyLimit: 256 * 1024 * 1024 } : {}),
      handler: async (request, reply) => {
        const { id = "", secretId = "" } = request.params as { readonly id?: string; readonly secretId?: string };
        const result = await perform(parts.control, operation, { input: readJson(request), id, secretId });
        return sendJson(reply, 200, result ?? { ok: true });
      },
    });
  }
  const document = openApiDocument();
  server.get("/__sandbox/openapi.json", async (_request, reply) => sendJson(reply, 200, document));
  addFollowing(server, parts);
}

/** The error body of the control API. */
export function sendControlError(reply: FastifyReply, error: SandboxError): FastifyReply {
  return sendJson(reply, error.status, { error: { code: error.code, message: error.message } });
}

function readJson(request: FastifyRequest): unknown {
  const { body } = request;
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new SandboxError("bad_request", "Send the body as application/json.");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new SandboxError("bad_request", "The body is not JSON.");
  }
}

const sendJson = (reply: FastifyReply, status: number, value: unknown): FastifyReply =>
  reply
    .code(status)
    .headers({ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" })
    .send(JSON.stringify(value));

function addFollowing(server: FastifyInstance, { world, followers }: ControlApiParts): void {
  server.get("/__sandbox/clock/follow", (request, reply) => {
    reply.hijack();
    const out = reply.raw;
    out.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    const send = (line: ClockLine) => out.write(`${JSON.stringify(line)}\n`);
    const leave = followers.join(send, world.clock.offsetMs());
    request.raw.socket.setKeepAlive(true, 1000);
    out.on("close", leave);
    out.on("error", leave);
  });
  server.post("/__sandbox/clock/followers/:id", async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const report = parseInput(inputs.followerReport, readJson(request));
    if (!followers.report(request.params.id, report))
      throw new SandboxError("not_found", "There is no such follower. Open /__sandbox/clock/follow first.");
    return sendJson(reply, 200, { ok: true });
  });
}
