import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What one request to the provider's API was, as it arrived there. */
export interface ArrivedCall {
  readonly method: string;
  readonly target: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** An API before the sandbox's: passes everything on, remembers what came, and answers itself where a test says so. */
export interface ApiFront extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly ArrivedCall[];
  /** Answers the next calls to this path itself. */
  answer(path: string, respond: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Calls the token of the next call expired, as the provider does. */
  expireNext(): void;
}

export async function apiFront(target: string): Promise<ApiFront> {
  const calls: ArrivedCall[] = [];
  const own = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  let expire = false;
  const server = createServer((incoming, response) => {
    const { method = "", url = "/", headers } = incoming;
    calls.push({ method, target: url, headers });
    const respond = own.get(url.split("?", 1)[0] ?? "");
    if (expire) {
      expire = false;
      incoming.resume();
      response.writeHead(401, { "content-type": "application/json" }).end(EXPIRED);
    } else if (respond === undefined) passOn(target, incoming, response);
    else respond(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    calls,
    answer: (path, respond) => void own.set(path, respond),
    expireNext: () => {
      expire = true;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const EXPIRED = JSON.stringify({
  ...{ Type: null, Title: "Unauthorized", Status: 401, Extensions: {} },
  Detail: "TokenExpired: token expired at 01/01/2026 00:00:00",
  Instance: "0a1b2c3d",
});

function passOn(target: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const outgoing = request(new URL(incoming.url ?? "/", target), { method: incoming.method ?? "GET", headers });
  outgoing.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", () => response.destroy());
  incoming.pipe(outgoing);
}
