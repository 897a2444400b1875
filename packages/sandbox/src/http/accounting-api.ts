import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Books } from "../accounting/books.ts";
import { type AccountingCall, callAccounting } from "../accounting/call.ts";
import { organisationShape } from "../accounting/organisation.ts";
import { ORGANISATION_SCOPES, RESOURCES } from "../accounting/resources.ts";
import type { Members } from "../accounting/values.ts";
import type { Turn } from "../engine/index.ts";
import type { World } from "../world.ts";
import { answerCall, type Call } from "./accounting-call.ts";
import { bearerOf } from "./bearer.ts";
import { type CallsInProgress, createCallsInProgress } from "./calls-in-progress.ts";
import { carryOut } from "./exchange.ts";
import { queryOf } from "./form-body.ts";
import { whoseAccess } from "./whose.ts";
import { jsonOfBody } from "./xml-body.ts";

type Method = AccountingCall["method"];

const base = "/api.xro/2.0";

/** The accounting API: Organisation, and each resource of the table with the methods it has. */
export function addAccountingApi(server: FastifyInstance, world: World): void {
  const calls = createCallsInProgress();
  const add = (method: Method, path: string, callOf: (request: FastifyRequest) => Call) => {
    server.route({
      method,
      url: `${base}/${path}`,
      config: { xeroHost: "api" },
      handler: (request, reply) => serve({ world, calls }, { request, reply }, callOf(request)),
    });
  };
  add("GET", "Organisation", () => ({ scopes: ORGANISATION_SCOPES, run: readOrganisation }));
  for (const resource of RESOURCES) {
    const scopesOf = (method: Method) => (method === "GET" ? resource.scopes.read : resource.scopes.write);
    const callOf = (method: Method) => (request: FastifyRequest) => ({
      scopes: scopesOf(method),
      run: (books: Books) => callAccounting(books, { ...partsOf(request), method, resource }),
    });
    for (const method of ["GET", ...resource.methods.onList] as const) add(method, resource.path, callOf(method));
    for (const method of resource.methods.onOne) add(method, `${resource.path}/:id`, callOf(method));
  }
}

const readOrganisation = ({ organisation }: Books): { readonly kind: "members"; readonly members: Members } => ({
  kind: "members",
  members: { Organisations: [organisationShape(organisation)] },
});

function partsOf(request: FastifyRequest): Pick<AccountingCall, "id" | "query" | "ifModifiedSince" | "body"> {
  const query = new Map<string, string>();
  for (const [name, value] of queryOf(request.url)) {
    const key = name.toLowerCase();
    if (!query.has(key)) query.set(key, value);
  }
  return {
    id: (request.params as { readonly id?: string }).id ?? null,
    query,
    ifModifiedSince: request.headers["if-modified-since"] ?? null,
    body: jsonOfBody(bodyOf(request)),
  };
}

const bodyOf = ({ body }: FastifyRequest): string =>
  Buffer.isBuffer(body) ? body.toString("utf8") : body instanceof URLSearchParams ? body.toString() : "";

async function serve(
  { world, calls }: { readonly world: World; readonly calls: CallsInProgress },
  wire: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  call: Call,
): Promise<FastifyReply> {
  const { request } = wire;
  const bearer = await bearerOf(world, request);
  const tenant = request.headers["xero-tenant-id"];
  const tenantId = typeof tenant === "string" && tenant.trim() !== "" ? tenant.trim().toLowerCase() : null;
  const app = bearer.clientId === null ? undefined : world.engine.view.get("apps", bearer.clientId);
  // A Custom Connection has one organisation, named or not.
  const organisation = app?.kind === "custom-connection" ? "" : (tenantId ?? "");
  const progress = calls.enter(`${bearer.clientId ?? ""}:${organisation}`);
  const caller = {
    accessTokenId: bearer.accessTokenId,
    tenantId,
    place: progress.place,
    accept: request.headers.accept,
    idempotencyKey: headerText(request.headers["idempotency-key"]),
    content: [request.method, request.url, tenantId ?? "", bodyOf(request)].join("\n"),
  };
  try {
    const work = () => answerCall(world, caller, call);
    const whose = (turn: Turn) => whoseAccess(turn, bearer.accessTokenId, tenantId);
    return await carryOut(world, wire, { endpoint: "api", grantType: null, clientId: bearer.clientId, whose, work });
  } finally {
    progress.leave();
  }
}

const headerText = (value: string | readonly string[] | undefined): string | null =>
  typeof value === "string" && value !== "" ? value : null;
