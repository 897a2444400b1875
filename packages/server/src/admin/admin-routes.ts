import {
  ADMIN_API,
  ADMIN_API_PREFIX,
  adminApiDocument,
  isCreate,
  OPERATION_WORDS,
  type Operation,
  type OperationName,
} from "@evergrant/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { LIMITS } from "../http/limits.ts";
import { sendProblem } from "../http/problem.ts";
import type { RateLimiter } from "../http/rate-limiter.ts";
import { InputInvalid } from "../http/refusal.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { type Resource, serve } from "../http/serve.ts";
import { asOperator } from "./as-operator.ts";
import { backupRoutes } from "./backup-routes.ts";
import { createdOnce } from "./created-once.ts";
import { fieldProblems } from "./field-problems.ts";
import { requireKnownHost } from "./known-host.ts";
import { type AdminContext, OPERATIONS } from "./operations.ts";
import { requireOperator } from "./operator-key.ts";
import { requestNote } from "./request-note.ts";

export interface AdminFace extends Pick<AdminContext, "keeper" | "site"> {
  readonly log: RequestLog;
  readonly limiter: RateLimiter;
  /** Host names besides loopback under which it answers. */
  readonly knownHosts: () => readonly string[];
}

/** The admin API: exactly the operations of the contract, for operators, each as far as their role reaches. */
export async function adminRoutes(app: FastifyInstance, face: AdminFace): Promise<void> {
  readJson(app);
  app.decorateRequest("operator", null);
  app.setErrorHandler(refusing(sendProblem, face.log));
  app.addHook("onRequest", requireKnownHost(face.knownHosts));
  app.addHook("onRequest", requireOperator(face));
  for (const [path, names] of operationsByPath()) {
    const handlers: Record<string, Resource["handlers"]["GET"]> = {};
    for (const name of names)
      handlers[ADMIN_API[name].method] = (request, reply) => run(name, { face, request, reply });
    serve(app, { url: `${ADMIN_API_PREFIX}${path}`, bodyLimit: LIMITS.adminBodyBytes, handlers });
  }
  backupRoutes(app, face.keeper);
  const document = JSON.stringify(adminApiDocument("1"));
  serve(app, {
    url: `${ADMIN_API_PREFIX}/openapi.json`,
    handlers: { GET: async (_request, reply) => reply.type("application/json").send(document) },
  });
}

// An empty body is no body: `POST …/disable` has nothing to say, and clients send the media type all the same.
function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else void parse(request, String(body), done);
  });
}

function operationsByPath(): ReadonlyMap<string, readonly OperationName[]> {
  const byPath = new Map<string, OperationName[]>();
  for (const name of Object.keys(ADMIN_API) as OperationName[]) {
    const { path } = ADMIN_API[name];
    byPath.set(path, [...(byPath.get(path) ?? []), name]);
  }
  return byPath;
}

interface Exchange {
  readonly face: AdminFace;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

interface Asked {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

async function run(name: OperationName, { face, request, reply }: Exchange): Promise<FastifyReply> {
  const operation: Operation = ADMIN_API[name];
  const note = requestNote(name, operation.method);
  const ask = { keeper: face.keeper, request, operation: name, role: OPERATION_WORDS[name].role, note };
  const { status, sent } = await asOperator(ask, async (operator) => {
    const asked = askedOf(operation, request);
    note.isAbout(asked);
    const answer = () => answerOf(name, asked, { ...face, operator, by: operator.name });
    const key = request.headers["idempotency-key"];
    const sent = isCreate(name)
      ? await createdOnce(face.keeper, { name, asked, operator, key, answer }, reply)
      : await answer();
    return { status: operation.status, sent };
  });
  return reply.code(status).send(sent);
}

async function answerOf(name: OperationName, asked: Asked, context: AdminContext): Promise<unknown> {
  const operation: Operation = ADMIN_API[name];
  // Each handler takes what its own schemas give: the contract ties the two together by name.
  const handle = OPERATIONS[name] as (asked: unknown, context: AdminContext) => Promise<unknown>;
  const outcome = await handle(asked, context);
  // Through the schema, so that nothing leaves which the contract does not name.
  return operation.status === 204 ? undefined : operation.answer.parse(outcome);
}

function askedOf(operation: Operation, request: FastifyRequest): Asked {
  return {
    params: checked(operation.params, { place: "path", value: request.params }),
    query: checked(operation.query, { place: "query", value: request.query }),
    body: checked(operation.body, { place: "body", value: request.body ?? undefined }),
  };
}

function checked(schema: z.ZodType, { place, value }: { place: "path" | "query" | "body"; value: unknown }): unknown {
  // Path and query come as objects without a prototype, which strict schemas do not take for plain ones.
  const plain = place === "body" ? value : { ...(value as object) };
  const result = schema.safeParse(plain);
  if (!result.success) throw new InputInvalid(fieldProblems(place, result.error));
  return result.data;
}
