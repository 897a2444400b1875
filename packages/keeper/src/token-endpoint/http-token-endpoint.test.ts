import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { inspect } from "node:util";
import { classify, type Ending, Secret, STANDARD_ERRORS } from "@evergrant/core";
import { afterEach, describe, expect, it } from "vitest";
import type { TokenRequest } from "../ports/token-endpoint.ts";
import { realTime } from "../real-time.ts";
import { httpTokenEndpoint } from "./http-token-endpoint.ts";

const CANARY = "canary-refresh-token";
const CANARY_SECRET = "canary-client-secret";
const DIALECT = STANDARD_ERRORS;

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

describe("an answer", () => {
  it("comes back whole, with its status, its body and the server's clock", async () => {
    const { url, requests } = await http((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", date: "Mon, 23 Nov 2026 20:00:00 GMT" });
      response.end('{"access_token":"at","token_type":"Bearer"}');
    });
    const { ending, sent } = await send(url);
    expect(ending).toMatchObject({ kind: "answered", status: 200, retryAfterMs: null });
    expect(shown(ending)).toMatchObject({
      body: '{"access_token":"at","token_type":"Bearer"}',
      serverDateMs: Date.UTC(2026, 10, 23, 20),
    });
    expect(sent).toBe(1);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: "POST", url: "/connect/token" });
    expect(requests[0]?.headers).toMatchObject({
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      grant_type: "refresh_token",
      refresh_token: CANARY,
    });
  });

  it("of 429 says how long to wait, in seconds or as a date on the server's clock", async () => {
    const fields = [
      ["22", 22_000],
      ["Mon, 23 Nov 2026 20:00:30 GMT", 30_000],
      ["Mon, 23 Nov 2026 19:00:00 GMT", 0],
      ["soon", null],
    ] as const;
    for (const [retryAfter, expected] of fields) {
      const { url } = await http((_request, response) => {
        response.writeHead(429, { "retry-after": retryAfter, date: "Mon, 23 Nov 2026 20:00:00 GMT" }).end();
      });
      const { ending } = await send(url);
      expect(ending).toMatchObject({ kind: "answered", status: 429, retryAfterMs: expected });
      expect(classify(ending, DIALECT).kind).toBe("not-executed");
    }
  });

  it("of 502 with a page comes back as it is: whether it was executed is open", async () => {
    const { url } = await http((_request, response) => {
      response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad Gateway</html>");
    });
    const { ending } = await send(url);
    expect(shown(ending)).toMatchObject({ kind: "answered", status: 502, body: "<html>Bad Gateway</html>" });
    expect(classify(ending, DIALECT).kind).toBe("ambiguous");
  });

  it("that redirects is not followed: the secret goes to no other address", async () => {
    const other = await http((_request, response) => response.end("{}"));
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await http((_request, response) => response.writeHead(status, { location: other.url }).end());
      expect((await send(url)).ending).toMatchObject({ kind: "answered", status });
    }
    expect(other.requests).toHaveLength(0);
  });

  it("may be preceded by interim ones", async () => {
    const { url } = await tcp((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
      });
    });
    expect(shown((await send(url)).ending)).toMatchObject({ kind: "answered", status: 200, body: "{}" });
  });

  it("that is longer than any token answer is given up, as one that may have been executed", async () => {
    const { url } = await http((_request, response) => {
      response.writeHead(200);
      response.write("x".repeat(200_000));
    });
    expect((await send(url)).ending).toMatchObject({ kind: "broken", bytesSent: true });
  });
});

describe("a request of which no byte left", () => {
  it("because the port is closed", async () => {
    const { url, close } = await http((_request, response) => response.end());
    await close();
    const { ending, sent } = await send(url);
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false, reason: expect.stringContaining("ECONNREFUSED") });
    expect(classify(ending, DIALECT).kind).toBe("not-executed");
    expect(sent).toBe(0);
  });

  it("because the name does not resolve", async () => {
    const { ending, sent } = await send(`https://${"a".repeat(64)}.invalid/token`);
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false });
    expect(sent).toBe(0);
  });

  it("because the other side speaks no TLS", async () => {
    const { url } = await http((_request, response) => response.end());
    const { ending, sent } = await send(url.replace("http:", "https:"));
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false });
    expect(sent).toBe(0);
  });

  it("because the certificate is not trusted", async () => {
    const { url, requests } = await https((_request, response) => response.end("{}"));
    const { ending, sent } = await send(url);
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false, reason: expect.stringContaining("not trusted") });
    expect(sent).toBe(0);
    expect(requests).toHaveLength(0);
  });

  it("because TLS came to no end in time", async () => {
    const heard: Buffer[] = [];
    const { url } = await tcp((socket) => socket.on("data", (chunk) => heard.push(chunk)));
    const { ending, sent } = await send(url.replace("http:", "https:"), { timeoutMs: 300 });
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false });
    expect(sent).toBe(0);
    expect(Buffer.concat(heard).includes("POST")).toBe(false);
  });

  it("although its connection comes about after it was given up", async () => {
    const late = await https((_request, response) => response.end("{}"));
    let letThrough = async () => {};
    // In between stands a wire that holds the handshake back until the request was given up.
    const { url } = await tcp((socket) => {
      socket.pause();
      letThrough = async () => {
        const onward = connect(Number(new URL(late.url).port), "127.0.0.1");
        onward.on("error", () => {});
        socket.pipe(onward).pipe(socket);
        cleanups.push(() => onward.destroy());
        await Promise.all([once(onward, "data"), once(socket, "close")]);
      };
    });
    const endpoint = open({ ca: LOCALHOST_CERTIFICATE });
    const { ending, sent } = await send(url.replace("http:", "https:"), { timeoutMs: 300, endpoint });
    // The server's side of the handshake comes through, and then the connection is closed at once.
    await letThrough();
    await aMoment();
    expect(ending).toMatchObject({ kind: "broken", bytesSent: false });
    expect(sent).toBe(0);
    expect(late.requests).toHaveLength(0);
  });

  it.each(["http://identity.example.com/token", "ftp://localhost/token", "not a url", ""])(
    "because %j is no address for a secret",
    async (url) => {
      expect((await send(url)).ending).toMatchObject({ kind: "broken", bytesSent: false });
    },
  );
});

describe("a request that may have been executed", () => {
  it("when no answer comes in time", async () => {
    const { url, requests } = await http(() => {});
    const { ending, sent } = await send(url, { timeoutMs: 300 });
    expect(ending).toMatchObject({ kind: "broken", bytesSent: true, reason: expect.stringContaining("300 ms") });
    expect(classify(ending, DIALECT).kind).toBe("ambiguous");
    expect(sent).toBe(1);
    expect(requests).toHaveLength(1);
  });

  it("when the answer stops in the middle", async () => {
    const { url } = await http((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"access_token":');
    });
    expect((await send(url, { timeoutMs: 300 })).ending).toMatchObject({ kind: "broken", bytesSent: true });
  });

  it("when the answer is cut in the middle", async () => {
    const { url } = await tcp((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"));
    });
    expect((await send(url)).ending).toMatchObject({ kind: "broken", bytesSent: true });
  });

  it("when the connection is reset after the request was read", async () => {
    const { url } = await tcp((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const { ending, sent } = await send(url);
    expect(ending).toMatchObject({ kind: "broken", bytesSent: true });
    expect(sent).toBe(1);
  });

  it("when the connection is reset although nothing of it was read", async () => {
    const { url } = await tcp((socket) => {
      socket.pause();
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    expect((await send(url)).ending).toMatchObject({ kind: "broken", bytesSent: true });
  });

  it("when what comes back is not HTTP", async () => {
    const { url } = await tcp((socket) => {
      socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    });
    expect((await send(url)).ending).toMatchObject({ kind: "broken", bytesSent: true });
  });

  it("when a kept connection is cut under it, and it is sent only once", async () => {
    let exchanges = 0;
    const { url, connections } = await tcp((socket) => {
      socket.on("data", () => {
        exchanges += 1;
        if (exchanges === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        else socket.resetAndDestroy();
      });
    });
    const endpoint = open();
    expect((await send(url, { endpoint })).ending).toMatchObject({ kind: "answered" });
    await aMoment();
    expect((await send(url, { endpoint })).ending).toMatchObject({ kind: "broken", bytesSent: true });
    expect(exchanges).toBe(2);
    expect(connections()).toBe(1);
  });
});

describe("connections", () => {
  it("are kept and used again", async () => {
    const { url, connections } = await http((_request, response) => response.end("{}"));
    const endpoint = open();
    for (let index = 0; index < 5; index += 1) {
      await send(url, { endpoint });
      await aMoment();
    }
    expect(connections()).toBe(1);
  });

  it("that the server closed meanwhile do no harm", async () => {
    const { url } = await tcp((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
    });
    const endpoint = open();
    for (let index = 0; index < 5; index += 1) {
      expect((await send(url, { endpoint })).ending).toMatchObject({ kind: "answered" });
      await aMoment();
    }
  });

  it("do not wait for one another", async () => {
    const waiting: ServerResponse[] = [];
    const { url } = await http((request, response) => {
      request.on("end", () => {
        waiting.push(response);
        if (waiting.length === 20) for (const each of waiting) each.end("{}");
      });
    });
    const endpoint = open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(url, { endpoint })));
    for (const { ending } of answers) expect(ending).toMatchObject({ kind: "answered", status: 200 });
  });

  it("work over TLS", async () => {
    const { url, requests } = await https((_request, response) => response.end("{}"));
    const { ending, sent } = await send(url, { endpoint: open({ ca: LOCALHOST_CERTIFICATE }) });
    expect(ending).toMatchObject({ kind: "answered", status: 200 });
    expect(sent).toBe(1);
    expect(requests).toHaveLength(1);
  });
});

describe("client authentication", () => {
  const odd = "p+a%ss:w ö/=&'~";

  it("encodes id and secret for Basic as RFC 6749 §2.3.1 says", async () => {
    const { url, requests } = await http((_request, response) => response.end("{}"));
    await send(url, { clientId: "id:with ö", clientSecret: new Secret(odd) });
    const [scheme, encoded = ""] = (requests[0]?.headers.authorization ?? "").split(" ");
    const pair = Buffer.from(encoded, "base64").toString("utf8");
    expect(scheme).toBe("Basic");
    expect(pair).toMatch(/^[\x21-\x7e]+$/);
    expect(pair.split(":").map((part) => new URLSearchParams(`x=${part}`).get("x"))).toEqual(["id:with ö", odd]);
    expect(requests[0]?.body).not.toContain("client_");
  });

  it("puts them into the body for client_secret_post", async () => {
    const { url, requests } = await http((_request, response) => response.end("{}"));
    await send(url, { clientAuthentication: "client_secret_post", clientSecret: new Secret(odd) });
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toMatchObject({
      client_id: "our-app",
      client_secret: odd,
    });
  });

  it("of a public client is its id in the body", async () => {
    const { url, requests } = await http((_request, response) => response.end("{}"));
    await send(url, { clientSecret: null });
    expect(requests[0]?.headers.authorization).toBeUndefined();
    const form = new URLSearchParams(requests[0]?.body);
    expect([form.get("client_id"), form.get("client_secret")]).toEqual(["our-app", null]);
  });
});

describe("the grants", () => {
  it("are the standard's forms", async () => {
    const { url, requests } = await http((_request, response) => response.end("{}"));
    const code = { code: new Secret("c"), redirectUri: "https://h/cb?a=b", codeVerifier: new Secret("v") };
    await send(url, { grant: { kind: "authorization_code", ...code } });
    await send(url, { grant: { kind: "client_credentials", scope: null } });
    await send(url, { grant: { kind: "client_credentials", scope: "a b" } });
    expect(requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      { grant_type: "authorization_code", code: "c", redirect_uri: "https://h/cb?a=b", code_verifier: "v" },
      { grant_type: "client_credentials" },
      { grant_type: "client_credentials", scope: "a b" },
    ]);
  });
});

describe("revocation", () => {
  it.each([
    [200, "done"],
    [204, "done"],
    [302, "failed"],
    [400, "failed"],
    [503, "failed"],
  ] as const)("answered with %i is %s", async (status, expected) => {
    const { url, requests } = await http((_request, response) => response.writeHead(status).end());
    const { grant: _grant, ...request } = requestTo(url);
    expect(await open().revoke({ ...request, token: new Secret(CANARY) })).toBe(expected);
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      token: CANARY,
      token_type_hint: "refresh_token",
    });
  });

  it("that reaches nobody has failed", async () => {
    const { url, close } = await http((_request, response) => response.end());
    await close();
    const { grant: _grant, ...request } = requestTo(url);
    expect(await open().revoke({ ...request, token: new Secret(CANARY) })).toBe("failed");
  });
});

describe("secrets", () => {
  it("are in no ending, however the exchange went", async () => {
    const echo = await http((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => response.writeHead(400, { "x-echo": "1" }).end(body + request.headers.authorization));
    });
    const echoBroken = await tcp((socket) => {
      socket.once("data", (chunk) =>
        socket.end(`HTTP/1.1 ${chunk.toString("latin1").replaceAll(/[\r\n]/g, " ")}\r\n\r\n`),
      );
    });
    const stalled = await http(() => {});
    const endings = [
      (await send(echo.url)).ending,
      (await send(echoBroken.url)).ending,
      (await send(stalled.url, { timeoutMs: 100 })).ending,
      (await send(`http://${CANARY}.example.com/`)).ending,
      (await send("http://localhost:1/")).ending,
    ];
    const basic = Buffer.from(`our-app:${CANARY_SECRET}`).toString("base64");
    for (const ending of endings) {
      const printed = `${inspect(ending, { depth: 9, showHidden: true })}${JSON.stringify(ending)}`;
      for (const secret of [CANARY, CANARY_SECRET, basic]) expect(printed).not.toContain(secret);
    }
  });
});

type Endpoint = ReturnType<typeof httpTokenEndpoint>;

function open(changes: { ca?: string } = {}): Endpoint {
  const endpoint = httpTokenEndpoint({ time: realTime(), limits: { requestTimeoutMs: 30_000 }, ...changes });
  cleanups.push(() => endpoint.close());
  return endpoint;
}

function requestTo(url: string): TokenRequest {
  return {
    url,
    clientId: "our-app",
    clientSecret: new Secret(CANARY_SECRET),
    clientAuthentication: "client_secret_basic",
    grant: { kind: "refresh_token", refreshToken: new Secret(CANARY) },
    timeoutMs: 10_000,
  };
}

async function send(url: string, changes: Partial<TokenRequest> & { endpoint?: Endpoint } = {}) {
  const { endpoint = open(), ...request } = changes;
  let sent = 0;
  const ending = await endpoint.send({ ...requestTo(url), ...request }, () => {
    sent += 1;
  });
  return { ending, sent };
}

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 20));

function shown(ending: Ending): unknown {
  return ending.kind === "answered" ? { ...ending, body: ending.body.reveal() } : ending;
}

interface Heard {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  body: string;
}

async function http(listener: RequestListener) {
  const requests: Heard[] = [];
  return { requests, ...(await listening(createHttpServer(recording(requests, listener)), "http")) };
}

async function https(listener: RequestListener) {
  const requests: Heard[] = [];
  const identity = { key: LOCALHOST_KEY, cert: LOCALHOST_CERTIFICATE };
  return { requests, ...(await listening(createHttpsServer(identity, recording(requests, listener)), "https")) };
}

function tcp(onConnection: (socket: Socket) => void) {
  return listening(
    createTcpServer((socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    }),
    "http",
  );
}

function recording(requests: Heard[], listener: RequestListener): RequestListener {
  return (request, response) => {
    const heard: Heard = { method: request.method, url: request.url, headers: request.headers, body: "" };
    requests.push(heard);
    request.on("data", (chunk: Buffer) => {
      heard.body += chunk.toString();
    });
    listener(request, response);
  };
}

async function listening(server: Server, protocol: "http" | "https") {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on("connection", (socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0);
  await once(server, "listening");
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  cleanups.push(close);
  const { port } = server.address() as AddressInfo;
  return { url: `${protocol}://localhost:${port}/connect/token`, close, connections: () => count };
}

// A self-signed certificate for localhost, valid until 2126; the key protects nothing but these tests.
const LOCALHOST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgY2aNqXzvBD3Qf4NK
qIfi+DdHuKZNikO/o4p8TeYK/R6hRANCAASx8ZVdouW++Na9QtOxK//nzc87gzI7
DYAxsRW9g/XR/34DFx6AIyK35SgXtlqgGA9Gh4HC91TOs24AkluYPo+M
-----END PRIVATE KEY-----`;
const LOCALHOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIURYTob52jy9Qu37AxAutxf7ojIhkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIwNTI0OVoYDzIxMjYxMDMw
MjA1MjQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASx8ZVdouW++Na9QtOxK//nzc87gzI7DYAxsRW9g/XR/34DFx6AIyK3
5SgXtlqgGA9Gh4HC91TOs24AkluYPo+Mo2kwZzAdBgNVHQ4EFgQUiniULqo6zDGw
V9BD8s9NbSctHrswHwYDVR0jBBgwFoAUiniULqo6zDGwV9BD8s9NbSctHrswDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAJsOTxoXAPuOnEXUac7glUioH6eSkiDwFTJpKvJCSegyAiEA2Ou3m3bs
uuvO9rpf8OypeuqJYyZLpcy1892WRZeAo40=
-----END CERTIFICATE-----`;
