import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { EvergrantError } from "@evergrant/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { basic, startWorld, type World } from "../testing/world.ts";

type Respond = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A provider's API on a free port that answers as it is told, and remembers what came. */
async function startApi() {
  const arrived: { method: string; url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const api = { respond: ((_request, response) => response.end("ok")) as Respond };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    arrived.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    api.respond(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { api, arrived, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

let world: World;
let provider: Awaited<ReturnType<typeof startApi>>;
const caller = basic("reports", "s3cret");

beforeEach(async () => {
  provider = await startApi();
  world = await startWorld();
  world.keeper.gateway.origin = provider.origin;
  world.keeper.plantCaller("reports", "s3cret", [{ connection: "acme", right: "gateway" }]);
});
afterEach(async () => {
  await world.close();
  await provider.close();
});

const call = (path: string, init: RequestInit = {}) =>
  world.ask(`/gateway/acme${path}`, { ...init, headers: { ...caller, ...init.headers } });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

/** Sends these very bytes, and reads what comes until the other side closes. */
async function raw(lines: readonly string[], body = ""): Promise<string> {
  const { port } = new URL(world.server.urls.public);
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n${body}`);
  return await text(socket);
}
const head = (first: string, ...more: string[]) => [
  first,
  "host: localhost",
  `authorization: ${caller["authorization"]}`,
  ...more,
];

describe("what goes to the provider", () => {
  it("is the call with the token put in, and of its header fields those on the list", async () => {
    const answer = await call("/books/1?a=b%20c&d", {
      method: "POST",
      body: "{}",
      headers: {
        ...{ accept: "application/json", "content-type": "application/json", "idempotency-key": "k", "if-match": "e" },
        ...{
          cookie: "a=b",
          "x-forwarded-for": "1.2.3.4",
          forwarded: "for=1.2.3.4",
          "x-http-method-override": "DELETE",
        },
        ...{
          "ledgerly-tenant": "t-1",
          "ledgerly-extra": "x",
          "proxy-authorization": "Basic eDp5",
          te: "trailers",
          x_tenant: "y",
        },
      },
    });
    expect(answer.status).toBe(200);
    const [arrived] = provider.arrived;
    expect(arrived).toMatchObject({ method: "POST", url: "/books/1?a=b%20c&d", body: "{}" });
    const { host: _host, connection: _connection, "content-length": length, ...fields } = arrived?.headers ?? {};
    expect(length).toBe("2");
    expect(fields).toEqual({
      ...{ accept: "application/json", "content-type": "application/json", "idempotency-key": "k", "if-match": "e" },
      ...{ authorization: "Bearer token-1", "ledgerly-tenant": "t-1", "ledgerly-extra": "x" },
      ...{ "accept-encoding": "gzip, deflate", "accept-language": "*", "user-agent": "node" },
    });
    expect(world.keeper.gateway.asks[0]).toEqual({
      connection: "acme",
      method: "POST",
      path: "/books/1",
      query: "a=b%20c&d",
    });
    expect(world.keeper.gateway.turns).toEqual(["ended"]);
  });

  it("has the body that came: kept, chunked, or none where it means none", async () => {
    await raw(head("POST /gateway/acme/a HTTP/1.1", "transfer-encoding: chunked"), "3\r\nabc\r\n0\r\n\r\n");
    await raw(head("GET /gateway/acme/b HTTP/1.1", "content-length: 2"), "{}");
    await raw(head("DELETE /gateway/acme/c HTTP/1.1", "content-length: 2"), "{}");
    expect(provider.arrived.map(({ url, body }) => [url, body])).toEqual([
      ["/a", "abc"],
      ["/b", ""],
      ["/c", "{}"],
    ]);
  });
});

describe("a request that two servers could read differently", () => {
  it.each([
    ["absolute form", ["GET http://localhost/gateway/acme/a HTTP/1.1"], "api_path_refused"],
    ["a backslash", ["GET /gateway/acme/a\\b HTTP/1.1"], "api_path_refused"],
    ["a fragment", ["GET /gateway/acme/a#b HTTP/1.1"], "api_path_refused"],
    ["two hosts", ["GET /gateway/acme/a HTTP/1.1", "host: evil.example"], "api_request_refused"],
    ["credentials twice", ["GET /gateway/acme/a HTTP/1.1", "authorization: Basic YTpi"], "api_request_refused"],
    [
      "a key twice",
      ["GET /gateway/acme/a HTTP/1.1", "idempotency-key: a", "Idempotency-Key: b"],
      "api_request_refused",
    ],
    [
      "an organisation twice",
      ["GET /gateway/acme/a HTTP/1.1", "ledgerly-tenant: a", "Ledgerly-Tenant: b"],
      "api_request_refused",
    ],
    ["two lengths", ["POST /gateway/acme/a HTTP/1.1", "content-length: 1", "content-length: 2"], "request_malformed"],
    [
      "a length beside chunks",
      ["POST /gateway/acme/a HTTP/1.1", "content-length: 3", "transfer-encoding: chunked"],
      "request_malformed",
    ],
    ["another coding", ["POST /gateway/acme/a HTTP/1.1", "transfer-encoding: gzip, chunked"], "api_request_refused"],
    [
      "a coding that does not end in chunks",
      ["POST /gateway/acme/a HTTP/1.1", "transfer-encoding: xchunked"],
      "request_malformed",
    ],
    ["a folded line", ["GET /gateway/acme/a HTTP/1.1", "accept: a", " b"], "request_malformed"],
    ["a space before the colon", ["GET /gateway/acme/a HTTP/1.1", "accept : a"], "request_malformed"],
    ["a connection's name in another spelling", ["GET /gateway/%61cme/a HTTP/1.1"], "route_unknown"],
  ])("is refused: %s", async (_what, [first = "", ...more], code) => {
    const answer = await raw(head(first, ...more), first.startsWith("POST") ? "0\r\n\r\n" : "");
    expect(answer).toContain(`"code":"${code}"`);
    expect(provider.arrived).toEqual([]);
  });

  it("is refused with other methods than those of HTTP's own, and without a path", async () => {
    for (const first of [
      "TRACE /gateway/acme/a HTTP/1.1",
      "PROPFIND /gateway/acme/a HTTP/1.1",
      "GET /gateway/acme HTTP/1.1",
    ])
      expect(await raw(head(first))).toMatch(/HTTP\/1.1 (404|400)/);
    expect(provider.arrived).toEqual([]);
  });
});

describe("what comes back", () => {
  it("is the provider's status and body, and of its header fields those on the list", async () => {
    provider.api.respond = (_request, response) =>
      response
        .writeHead(418, {
          ...{ "content-type": "text/teapot", etag: '"7"', "retry-after": "3", "ledgerly-correlation": "c-1" },
          ...{ "set-cookie": "a=b", server: "nginx", "x-secret": "s", "ledgerly-extra": "x" },
          "content-language": "token-1",
          "content-length": "15",
        })
        .end("short and stout");
    world.keeper.gateway.left = [{ name: "minute", left: 3, calls: 60, spanMs: 60_000 }];
    const answer = await call("/a");
    expect([answer.status, await answer.text()]).toEqual([418, "short and stout"]);
    const { date: _date, "x-request-id": _id, ...fields } = Object.fromEntries(answer.headers);
    expect(fields).toEqual({
      ...{ "content-type": "text/teapot", etag: '"7"', "retry-after": "3", "ledgerly-correlation": "c-1" },
      ...{ ratelimit: '"minute";r=3', "ratelimit-policy": '"minute";q=60;w=60', "content-length": "15" },
      ...{ "cache-control": "no-store", "content-security-policy": "default-src 'none'; frame-ancestors 'none'" },
      ...{ "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" },
      ...{ connection: "keep-alive", "keep-alive": "timeout=72" },
    });
  });

  it("keeps its coding, and has no body where there is none", async () => {
    provider.api.respond = ({ url, method }, response) => {
      if (url === "/none") response.writeHead(204).end();
      else if (method === "HEAD") response.writeHead(200, { "content-length": "12345" }).end();
      else if (url === "/same") response.writeHead(304, { etag: '"7"' }).end();
      else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("zipped"));
    };
    expect(await (await call("/zip")).text()).toBe("zipped");
    expect((await call("/none")).status).toBe(204);
    expect((await call("/same", { headers: { "if-none-match": '"7"' } })).status).toBe(304);
    const headed = await call("/head", { method: "HEAD" });
    expect([headed.status, headed.headers.get("content-length")]).toEqual([200, "12345"]);
    expect(world.keeper.gateway.turns).toEqual(["ended", "ended", "ended", "ended"]);
  });

  it("is broken off where the provider breaks it off, so that nobody takes a part for the whole", async () => {
    provider.api.respond = (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("part", () => response.destroy());
    };
    const answer = await call("/a");
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => world.keeper.gateway.turns).toEqual(["ended"]);
  });

  it("is a redirect only within the API's origin, and then it leads here again", async () => {
    const to = (location: string, status = 302) => {
      provider.api.respond = (_request, response) => response.writeHead(status, { location }).end();
    };
    to("/b?c=d");
    const within = await call("/a/x");
    expect([within.status, within.headers.get("location")]).toEqual([
      302,
      `${world.server.urls.public}/gateway/acme/b?c=d`,
    ]);
    to(`${provider.origin}/e`, 308);
    expect((await call("/a")).headers.get("location")).toBe(`${world.server.urls.public}/gateway/acme/e`);
    for (const location of [
      "https://evil.example/",
      "//evil.example/b",
      "http://127.0.0.1:9/",
      `http://u:p@${new URL(provider.origin).host}/`,
    ]) {
      to(location);
      const away = await call("/a");
      expect([away.status, away.headers.get("location"), await codeOf(away)]).toEqual([
        502,
        null,
        "api_redirect_refused",
      ]);
    }
    to("https://elsewhere.example/made", 201);
    expect([(await call("/a")).status, (await call("/a")).headers.get("location")]).toEqual([201, null]);
    expect(provider.arrived).toHaveLength(8);
  });

  it("is a list of organisations without those that the caller does not reach", async () => {
    world.keeper.gateway.shows = { items: "", member: "tenantId", tenants: ["T-1"] };
    provider.api.respond = (_request, response) =>
      response.end(JSON.stringify([{ tenantId: "t-1", n: 1 }, { tenantId: "t-2" }, {}, null]));
    expect(await (await call("/connections")).json()).toEqual([{ tenantId: "t-1", n: 1 }]);
    expect(provider.arrived[0]?.headers["accept-encoding"]).toBe("identity");
    provider.api.respond = (_request, response) => response.end("<html>");
    expect(await codeOf(await call("/connections"))).toBe("api_unreachable");
    // A part of the list, or its length, would tell of the others.
    const ranged = await call("/connections", { headers: { range: "bytes=0-10", "if-none-match": "x" } });
    expect([ranged.status, provider.arrived.at(-1)?.headers["range"]]).toEqual([502, undefined]);
    provider.api.respond = (_request, response) => response.writeHead(206).end("[]");
    expect(await codeOf(await call("/connections"))).toBe("api_unreachable");
    provider.api.respond = (_request, response) => response.writeHead(200, { "content-length": "999" }).end();
    expect((await call("/connections", { method: "HEAD" })).headers.get("content-length")).not.toBe("999");
    provider.api.respond = (_request, response) => response.writeHead(403).end("no");
    expect((await call("/connections")).status).toBe(403);
  });

  it.each([
    [{ items: "$items", member: "id" }, { $total: 2, $items: [{ id: "T-1" }, { id: 2 }] }, { $items: [{ id: "T-1" }] }],
    [
      { items: "response.memberships", member: "business.id" },
      { response: { email: "jane@demo.example", memberships: [{ business: { id: "t-1" } }, { business: {} }] } },
      { response: { memberships: [{ business: { id: "t-1" } }] } },
    ],
    [{ items: "account", member: "id" }, { account: { id: "t-1" } }, { account: { id: "t-1" } }],
    [{ items: "account", member: "id" }, { account: { id: "t-2" } }, { account: null }],
    [{ items: null, member: "id" }, { id: "t-2", name: "Other" }, {}],
    [
      { items: null, member: "id" },
      { id: "t-1", name: "Ours" },
      { id: "t-1", name: "Ours" },
    ],
  ])("shows nothing else wherever the list lies: %j", async (where, answer, shown) => {
    world.keeper.gateway.shows = { ...where, tenants: ["t-1"] };
    provider.api.respond = (_request, response) => response.end(JSON.stringify(answer));
    expect(await (await call("/connections")).json()).toEqual(shown);
    provider.api.respond = (_request, response) => response.end("[[]]");
    const other = await call("/connections");
    expect(where.items === "" ? 200 : 502).toBe(other.status);
  });
});

describe("an expired token", () => {
  const expiredFor =
    (tokens: readonly string[]): Respond =>
    (request, response) => {
      const token = String(request.headers.authorization).replace("Bearer ", "");
      if (!tokens.includes(token)) response.end(`fine with ${token}`);
      else
        response
          .writeHead(401, { "content-type": "application/json", "www-authenticate": "Bearer" })
          .end('{"Detail":"TokenExpired: at"}');
    };

  it("is replaced and the call sent once more, with its body, in a turn of its own", async () => {
    world.keeper.gateway.tokens = ["token-1", "token-2"];
    provider.api.respond = expiredFor(["token-1"]);
    const answer = await call("/a", { method: "PUT", body: "x".repeat(1000) });
    expect([answer.status, await answer.text()]).toEqual([200, "fine with token-2"]);
    expect(provider.arrived.map(({ body }) => body.length)).toEqual([1000, 1000]);
    expect(world.keeper.gateway.turns).toEqual(["ended", "ended"]);
  });

  it("is told as it is where there is no other, or the other is no better", async () => {
    provider.api.respond = expiredFor(["token-1", "token-2"]);
    const answer = await call("/a");
    expect([answer.status, await answer.json()]).toEqual([401, { Detail: "TokenExpired: at" }]);
    world.keeper.gateway.tokens = ["token-1", "token-2", "token-3"];
    expect((await call("/a")).status).toBe(401);
    expect(provider.arrived).toHaveLength(3);
  });

  it("is replaced for the next call where the body has streamed away", async () => {
    world.keeper.gateway.tokens = ["token-1", "token-2"];
    provider.api.respond = expiredFor(["token-1"]);
    const answer = await call("/a", { method: "PUT", body: Buffer.alloc(70_000) });
    expect(answer.status).toBe(401);
    expect(await (await call("/a")).text()).toBe("fine with token-2");
    expect(provider.arrived).toHaveLength(2);
  });

  it("is seen also in a coded answer, and nothing else is taken for it", async () => {
    world.keeper.gateway.tokens = ["token-1", "token-2"];
    provider.api.respond = (_request, response) => {
      const coded = { "content-encoding": "gzip" };
      if (provider.arrived.length === 1) response.writeHead(401, coded).end(gzipSync("TokenExpired"));
      else response.writeHead(401).end("AuthorizationUnsuccessful");
    };
    const answer = await call("/a");
    expect([answer.status, await answer.text(), provider.arrived.length]).toEqual([
      401,
      "AuthorizationUnsuccessful",
      2,
    ]);
  });
});

describe("a provider that cannot be asked", () => {
  it("is told apart by whether the call was sent", async () => {
    world.keeper.gateway.origin = "http://127.0.0.1:9";
    const away = await call("/a");
    expect([away.status, await away.json()]).toMatchObject([
      502,
      { code: "api_unreachable", detail: "ECONNREFUSED; it was not sent" },
    ]);
    world.keeper.gateway.origin = provider.origin;
    provider.api.respond = (_request, response) => response.destroy();
    const broken = await call("/a", { method: "POST", body: "x" });
    expect([broken.status, await broken.json()]).toMatchObject([502, { code: "api_unreachable" }]);
    expect(world.keeper.gateway.turns).toEqual(["withdrawn", "ended"]);
  });

  it("has an address that no token goes to", async () => {
    world.keeper.gateway.addresses = "public";
    for (const origin of [
      provider.origin,
      provider.origin.replace("127.0.0.1", "localhost"),
      "http://[::ffff:7f00:1]:9",
    ]) {
      world.keeper.gateway.origin = origin;
      const answer = await call("/a");
      expect([answer.status, await codeOf(answer)]).toEqual([502, "api_address_refused"]);
    }
    expect(provider.arrived).toEqual([]);
  });

  it("has no room for the call now", async () => {
    world.keeper.gateway.noTurn = new EvergrantError("api_quota_spent", { retryAfterMs: 12_000 });
    const answer = await call("/a", { method: "POST", body: Buffer.alloc(200_000) });
    expect([answer.status, answer.headers.get("retry-after"), await codeOf(answer)]).toEqual([
      429,
      "12",
      "api_quota_spent",
    ]);
    expect(provider.arrived).toEqual([]);
  });
});

it("whoever is not known or not permitted is refused before anything of the body is read", async () => {
  const nobody = await world.ask("/gateway/acme/a", { method: "POST", body: Buffer.alloc(300_000) });
  expect([nobody.status, nobody.headers.get("www-authenticate"), await codeOf(nobody)]).toEqual([
    401,
    expect.stringContaining("Basic"),
    "caller_authentication_failed",
  ]);
  const forbidden = await world.ask("/gateway/other/a", { headers: caller });
  const unknown = await world.ask("/gateway/nowhere/a", { headers: caller });
  expect([await codeOf(forbidden), await codeOf(unknown)]).toEqual([
    "connection_not_available",
    "connection_not_available",
  ]);
});

it("a caller that hangs up ends the call at the provider and frees its turn", async () => {
  const gone = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  provider.api.respond = (_request, response) => {
    response.once("close", () => gone.resolve());
    arrived.resolve();
  };
  const hangingUp = new AbortController();
  const asked = call("/a", { signal: hangingUp.signal });
  await arrived.promise;
  hangingUp.abort();
  await expect(asked).rejects.toThrow();
  await gone.promise;
  await expect.poll(() => world.keeper.gateway.turns).toEqual(["ended"]);
});

it("a server that is told to stop lets the calls that are under way end, and not those that wait for their turn", async () => {
  const arrived = Promise.withResolvers<ServerResponse>();
  const queued = Promise.withResolvers<void>();
  provider.api.respond = (_request, response) => arrived.resolve(response);
  const underWay = call("/a");
  const answering = await arrived.promise;
  world.keeper.gateway.queue = async (signal) => {
    queued.resolve();
    await once(signal, "abort");
    throw new EvergrantError("api_call_cancelled");
  };
  const waiting = call("/b");
  await queued.promise;
  const closed = world.close();
  expect([(await waiting).status, await codeOf(await waiting)]).toEqual([503, "api_call_cancelled"]);
  answering.end("done");
  expect(await (await underWay).text()).toBe("done");
  await closed;
});

it("neither the token, nor the secret, nor the address of a call is logged", async () => {
  await call("/a/secret-path?q=secret-query");
  world.keeper.gateway.origin = "http://127.0.0.1:9";
  await call("/a/secret-path?q=secret-query");
  const log = world.logLines.join("");
  expect(log).toContain("/gateway/:connection/*");
  expect(log).not.toMatch(/secret-path|secret-query|token-1|s3cret/);
});
