import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SandboxError } from "../errors.ts";
import type { ClockLine, Followers } from "../followers.ts";
import type { World } from "../world.ts";
import type { Control } from "./control.ts";
import { inputs } from "./inputs.ts";
import { parseInput } from "./parse-input.ts";
import { refuseStrangers } from "./strangers.ts";

interface Asked {
  readonly input: unknown;
  readonly id: string;
  readonly secretId: string;
}

type Operation = readonly [
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  run: (control: Control, asked: Asked) => unknown,
];

// The methods check what they get, so a body of any type may be handed to them.
const given = <T>(asked: Asked): T => asked.input as T;

/** Every operation, as method, path and what it does. */
export const operations: readonly Operation[] = [
  ["GET", "state", (control) => control.state()],
  ["POST", "reset", (control) => control.reset()],
  ["GET", "clock", (control) => control.clock()],
  ["POST", "clock/advance", (control, asked) => control.advance(given(asked))],
  ["POST", "schedule", (control, asked) => control.schedule(given(asked))],
  ["GET", "faults", (control) => control.faults()],
  ["POST", "faults", (control, asked) => control.placeFault(given(asked))],
  ["DELETE", "faults", (control) => control.clearFaults()],
  ["DELETE", "faults/:id", (control, { id }) => control.removeFault(id)],
  ["POST", "faults/drop-next-refresh", (control, asked) => control.dropNextRefresh(given(asked))],
  ["GET", "requests", (control) => control.requests()],
  ["POST", "requests/clear", (control) => control.clearRequests()],
  ["DELETE", "requests", (control) => control.clearRequests()],
  ["GET", "switches", (control) => control.switches()],
  ["PATCH", "switches", (control, asked) => control.setSwitches(given(asked))],
  ["GET", "snapshot", (control) => control.snapshot()],
  ["POST", "restore", (control, asked) => control.restore(given(asked))],
  ["GET", "snapshots", (control) => control.snapshots()],
  ["GET", "snapshots/:id", (control, { id }) => control.keptSnapshot(id)],
  ["PUT", "snapshots/:id", (control, { id }) => control.keepSnapshot(id)],
  ["DELETE", "snapshots/:id", (control, { id }) => control.removeSnapshot(id)],
  ["GET", "limits", (control) => control.limits()],
  ["PUT", "limits", (control, asked) => control.setLimits(given(asked))],
  ["GET", "verify", (control) => control.verify()],
  ["POST", "tokens/accepted", (control, asked) => control.tokenAccepted(given(asked))],
  ["GET", "trees", (control) => control.trees()],
  ["GET", "grants", (control) => control.grants()],
  ["GET", "grants/:id", (control, { id }) => control.grant(id)],
  ["DELETE", "grants/:id", (control, { id }) => control.revokeGrant(id)],
  ["GET", "users", (control) => control.users()],
  ["POST", "users", (control, asked) => control.createUser(given(asked))],
  ["PATCH", "users/:id", (control, asked) => control.changeUser(asked.id, given(asked))],
  ["GET", "organisations", (control) => control.organisations()],
  ["POST", "organisations", (control, asked) => control.createOrganisation(given(asked))],
  ["POST", "organisations/:id/reset-demo", (control, { id }) => control.resetDemoCompany(id)],
  ["GET", "memberships", (control) => control.memberships()],
  ["PUT", "memberships", (control, asked) => control.setMembership(given(asked))],
  ["GET", "connections", (control) => control.connections()],
  ["DELETE", "connections/:id", (control, { id }) => control.disconnect(id)],
  ["GET", "keys", (control) => control.keys()],
  ["POST", "keys/rotate", (control) => control.rotateKey()],
  ["DELETE", "keys/:id", (control, { id }) => control.retireKey(id)],
  ["GET", "apps", (control) => control.apps()],
  ["POST", "apps", (control, asked) => control.createApp(given(asked))],
  ["PATCH", "apps/:id", (control, asked) => control.changeApp(asked.id, given(asked))],
  ["POST", "apps/:id/secrets", (control, asked) => control.addAppSecret(asked.id, given(asked))],
  ["DELETE", "apps/:id/secrets/:secretId", (control, { id, secretId }) => control.removeAppSecret(id, secretId)],
  ["GET", "custom-connections", (control) => control.customConnections()],
  ["POST", "custom-connections", (control, asked) => control.createCustomConnection(given(asked))],
  ["PATCH", "custom-connections/:id", (control, asked) => control.changeCustomConnection(asked.id, given(asked))],
  [
    "POST",
    "custom-connections/:id/authorise",
    (control, asked) => control.authoriseCustomConnection(asked.id, given(asked)),
  ],
  ["POST", "custom-connections/:id/deactivate", (control, { id }) => control.deactivateCustomConnection(id)],
  ["POST", "custom-connections/:id/mail", (control, { id }) => control.mailConsentLink(id)],
  ["POST", "custom-connections/:id/purchase", (control, asked) => control.buyCustomConnection(asked.id, given(asked))],
  ["DELETE", "custom-connections/:id/purchase", (control, { id }) => control.endPurchase(id)],
  ["GET", "mails", (control) => control.mails()],
  ["GET", "mails/:id", (control, { id }) => control.mail(id)],
  ["GET", "webhooks", (control) => control.webhooks()],
  ["PUT", "apps/:id/webhook", (control, asked) => control.setWebhook(asked.id, given(asked))],
  ["DELETE", "apps/:id/webhook", (control, { id }) => control.removeWebhook(id)],
  ["POST", "apps/:id/webhook/intent-to-receive", (control, { id }) => control.sendIntentToReceive(id)],
  ["POST", "webhook-events", (control, asked) => control.emitEvent(given(asked))],
];

export interface ControlApiParts {
  readonly control: Control;
  readonly world: World;
  readonly followers: Followers;
}

/** The control API under `/__sandbox/`: JSON, for this machine only. */
export function addControlApi(server: FastifyInstance, parts: ControlApiParts): void {
  server.addHook("onRequest", async (request) => refuseStrangers(request));
  for (const [method, path, run] of operations) {
    server.route({
      method,
      url: `/__sandbox/${path}`,
      // A snapshot is as large as the sandbox it was taken of.
      ...(path === "restore" ? { bodyLimit: 256 * 1024 * 1024 } : {}),
      handler: async (request, reply) => {
        const { id = "", secretId = "" } = request.params as { readonly id?: string; readonly secretId?: string };
        const result = await run(parts.control, { input: readJson(request), id, secretId });
        return sendJson(reply, 200, result ?? { ok: true });
      },
    });
  }
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
