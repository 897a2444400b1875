import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { hostRefusal, isThisMachine, isXeroHost } from "../xero-hosts.ts";
import { type LocalServer, listenLocally } from "./local-server.ts";
import { pipeBoth } from "./pipe-both.ts";

export interface ProxyRules {
  readonly sandboxPort: number;
  readonly tlsPort: number;
  readonly allowOthers: boolean;
  /** Told of each host that was refused. */
  readonly onRefused: (host: string) => void;
}

/**
 * The HTTP proxy for programs that cannot be preloaded: Xero's three hosts lead to the sandbox, this machine to itself, and any
 * other host nowhere unless that was allowed.
 */
export function startForwardProxy(rules: ProxyRules): Promise<LocalServer> {
  const server = createServer((asked, answer) => forward(rules, asked, answer));
  server.on("connect", (asked: IncomingMessage, client: Socket, head: Buffer) =>
    tunnel(rules, asked, { client, head }),
  );
  return listenLocally(server);
}

type Way = { readonly kind: "refuse" } | { readonly kind: "to"; readonly host: string; readonly port: number };

function wayOf(host: string, port: number, { sandboxPort, tlsPort, allowOthers }: ProxyRules): Way {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, "");
  if (isXeroHost(name)) return { kind: "to", host: "127.0.0.1", port: port === 80 ? sandboxPort : tlsPort };
  if (allowOthers || isThisMachine(name)) return { kind: "to", host: name, port };
  return { kind: "refuse" };
}

function tunnel(
  rules: ProxyRules,
  asked: IncomingMessage,
  side: { readonly client: Socket; readonly head: Buffer },
): void {
  const { client, head } = side;
  client.on("error", () => client.destroy());
  const target = URL.parse(`http://${asked.url}`);
  if (target === null) return void client.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  const way = wayOf(target.hostname, Number(/:(\d+)$/.exec(asked.url ?? "")?.[1] ?? 443), rules);
  if (way.kind === "refuse") {
    rules.onRefused(target.hostname);
    const sentence = refusal(target.hostname);
    return void client.end(
      `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${sentence.length}\r\n\r\n${sentence}`,
    );
  }
  const server = connect({ host: way.host, port: way.port });
  server.once("connect", () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    server.write(head);
    pipeBoth(client, server);
  });
  server.once("error", () => client.destroy());
}

// A request in absolute form, which is also how some clients ask a proxy for https: for Xero's hosts that is no matter here.
function forward(rules: ProxyRules, asked: IncomingMessage, answer: ServerResponse): void {
  const target = URL.parse(asked.url ?? "");
  if (target === null || !/^https?:$/.test(target.protocol))
    return void tell(answer, 400, "This is a proxy: ask it for an address.\n");
  const led = isXeroHost(target.hostname);
  const way = wayOf(target.hostname, led ? 80 : Number(target.port || 80), rules);
  if (way.kind === "refuse" || (target.protocol === "https:" && !led)) {
    rules.onRefused(target.hostname);
    return void tell(answer, 403, refusal(target.hostname));
  }
  const { "proxy-connection": _proxy, ...headers } = asked.headers;
  const onward = request(
    {
      host: way.host,
      port: way.port,
      method: asked.method,
      path: target.pathname + target.search,
      headers: { ...headers, host: target.host },
    },
    (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
      given.on("error", () => answer.destroy());
    },
  );
  onward.on("error", () => answer.destroy());
  asked.pipe(onward);
}

function tell(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { "content-type": "text/plain" }).end(text);
}

const refusal = (host: string): string => `${hostRefusal(host)}\n`;
