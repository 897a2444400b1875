import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Caller, Connection, HeldConsent } from "@evergrant/contract";

export const OPERATOR_KEY = "evk_operator";

/** One request that a fake node was sent. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export interface FakeNode extends AsyncDisposable {
  readonly url: string;
  readonly heard: readonly Heard[];
}

type Reply = { readonly status: number; readonly body: unknown };
type Replies = (heard: Heard) => Reply;

/** A real HTTP server that answers as the admin API and the token endpoints would: by a table the test gives. */
export async function fakeNode(replies: Replies): Promise<FakeNode> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { heard, replies });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  node: { readonly heard: Heard[]; readonly replies: Replies },
): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const isJson = request.headers["content-type"] === "application/json";
  const entry: Heard = {
    method: request.method ?? "",
    path: request.url ?? "",
    authorization: request.headers.authorization,
    body: isJson ? JSON.parse(text) : text,
  };
  node.heard.push(entry);
  const isOperator = entry.authorization === `Bearer ${OPERATOR_KEY}`;
  const { status, body } =
    entry.path.startsWith("/api/") && !isOperator ? problem(401, "operator_key_invalid") : node.replies(entry);
  response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

export function problem(status: number, code: string, detail?: string): Reply {
  const title = `The title of ${code}.`;
  return { status, body: { type: `urn:evergrant:error:${code}`, title, status, code, ...(detail ? { detail } : {}) } };
}

export function aConnection(more: Partial<Connection> = {}): Connection {
  return {
    id: "cn_1",
    name: "acme",
    app: "books",
    provider: "xero",
    kind: "authorization_code",
    status: "connected",
    subject: "person-1",
    tenants: [{ id: "t-1", name: "Demo Company (NZ)", status: "connected", sinceMs: 0 }],
    expectedTenant: null,
    sharedWith: [],
    alsoReached: [],
    scope: "offline_access",
    missingScopes: [],
    accessExpiresAtMs: 1_800_000,
    renewedAtMs: 0,
    lapsesAtMs: 5_184_000_000,
    checkedAtMs: null,
    warm: { kind: "idle" },
    trouble: null,
    createdAtMs: 0,
    ...more,
  };
}

export function aCaller(more: Partial<Caller> = {}): Caller {
  return {
    id: "cl_1",
    name: "night",
    permissions: [],
    secrets: [{ id: "sc_1", createdAtMs: 0, expiresAtMs: null, lastUsedAtMs: null }],
    authentication: { keys: null, workloads: [], networks: null, requestsPerMinute: null },
    keysLastUsedAtMs: null,
    workloadLastUsedAtMs: null,
    disabledAtMs: null,
    createdAtMs: 0,
    ...more,
  };
}

export function aHeldConsent(more: Partial<HeldConsent> = {}): HeldConsent {
  return {
    id: "cs_1",
    connection: "acme",
    purpose: "first",
    subject: "person-1",
    subjectName: "jane@demo.example",
    tenants: ["Demo Company (NZ)"],
    reaches: ["Demo Company (NZ)"],
    missingScopes: [],
    sharedWith: [],
    because: ["initiator-must-confirm"],
    atMs: 0,
    startedAtMs: 0,
    from: null,
    pastedBy: null,
    lapsesAtMs: null,
    ...more,
  };
}
