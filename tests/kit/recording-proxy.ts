import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A proxy before a token endpoint that remembers every secret which passes, so that a test can look for them where they must not be. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  readonly secrets: ReadonlySet<string>;
}

export async function recordingProxy(target: string): Promise<RecordingProxy> {
  const secrets = new Set<string>();
  const server = createServer((request, response) => {
    forward(target, request, response, secrets).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    secrets,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const PASSED_ON = ["authorization", "content-type", "accept", "xero-tenant-id"];
const IN_REQUESTS = ["code", "code_verifier", "refresh_token", "client_secret", "token"];
const IN_ANSWERS = ["access_token", "refresh_token", "id_token"];

async function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  secrets: Set<string>,
): Promise<void> {
  const body = await text(request);
  const form = new URLSearchParams(body);
  for (const name of IN_REQUESTS) remember(secrets, form.get(name));
  const headers = Object.fromEntries(
    PASSED_ON.flatMap((name) => (typeof request.headers[name] === "string" ? [[name, request.headers[name]]] : [])),
  );
  const method = request.method ?? "GET";
  const answer = await fetch(new URL(request.url ?? "/", target), {
    method,
    headers,
    redirect: "manual",
    ...(method === "GET" ? {} : { body }),
  });
  const answered = await answer.text();
  for (const name of IN_ANSWERS) remember(secrets, member(answered, name));
  response
    .writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" })
    .end(answered);
}

function member(json: string, name: string): unknown {
  try {
    return (JSON.parse(json) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function remember(secrets: Set<string>, value: unknown): void {
  if (typeof value === "string" && value.length >= 16) secrets.add(value);
}
