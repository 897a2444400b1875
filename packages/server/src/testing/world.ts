import { request } from "node:http";
import type { Server, ServerOptions } from "../create-server.ts";
import { createServer } from "../create-server.ts";
import { createRequestLog } from "../http/request-log.ts";
import { FakeKeeper } from "./fake-keeper.ts";

export interface World {
  readonly keeper: FakeKeeper;
  readonly server: Server;
  /** Every line that was logged. */
  readonly logLines: string[];
  /** The clock of the rate limiters; move it by hand. */
  readonly clock: { ms: number };
  ask(path: string, init?: RequestInit): Promise<Response>;
  token(
    form: Record<string, string> | string,
    options?: { path?: string; headers?: Record<string, string> },
  ): Promise<Response>;
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

/** A real server on free loopback ports around a fake keeper, with one app, two connections and one caller of `acme`. */
export async function startWorld(options: Partial<ServerOptions> = {}): Promise<World> {
  const keeper = new FakeKeeper();
  const logLines: string[] = [];
  const clock = { ms: 0 };
  const server = await createServer({
    keeper,
    publicUrl: null,
    listeners: { public: { host: "127.0.0.1", port: 0 }, internal: "with-public", admin: "with-public" },
    log: createRequestLog({ destination: { write: (line: string) => void logLines.push(line) } }),
    time: { monotonicMs: () => clock.ms },
    ...options,
  });
  keeper.publicUrl = server.urls.public;
  const origins = { identity: "http://localhost:4181", login: "http://localhost:4181", api: "http://localhost:4181" };
  await keeper.apps.add({
    name: "books",
    provider: "ledgerly",
    clientId: "c",
    clientSecret: null,
    scopes: null,
    origins,
    by: "test",
  });
  for (const name of ["acme", "other"])
    await keeper.connections.create({ name, app: "books", expectedTenant: null, by: "test" });
  keeper.plantCaller("nightly", "s3cret", [{ connection: "acme", right: "token" }]);
  return { keeper, server, logLines, clock, ...clientsOf(server, keeper), close: () => server.close() };
}

/** A `GET` under a host name of one's choice, which `fetch` does not let a client make up. */
export function askAs(
  world: World,
  host: string,
  path: string,
): Promise<{ status: number; location: string | null; text: string }> {
  const headers = { host, authorization: `Bearer ${world.keeper.operatorKey}` };
  const { port } = new URL(world.server.urls.public);
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, headers }, (answer) => {
      let text = "";
      answer.on("data", (data: Buffer) => {
        text += data.toString();
      });
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? null, text }),
      );
    });
    asked.on("error", reject).end();
  });
}

type Clients = Pick<World, "ask" | "token" | "admin">;

function clientsOf(server: Server, keeper: FakeKeeper): Clients {
  const ask: Clients["ask"] = (path, init = {}) => fetch(server.urls.public + path, { redirect: "manual", ...init });
  return {
    ask,
    token: (form, { path = "/connections/acme/oauth2/token", headers = {} } = {}) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
      }),
    admin: (method, path, body) =>
      ask(`/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${keeper.operatorKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
}

export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString("base64")}`,
});

function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
