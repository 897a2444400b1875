import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createServer, type Listeners, type Server, type ServerOptions } from "./create-server.ts";
import { silentRequestLog } from "./http/request-log.ts";
import { FakeKeeper } from "./testing/fake-keeper.ts";

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const free = { host: "127.0.0.1", port: 0 };
async function start(
  listeners: Partial<Listeners> = {},
  publicUrl: string | null = null,
  more: Pick<ServerOptions, "answeredAtStopMs"> = {},
): Promise<Server> {
  const all = { public: free, internal: "with-public", admin: "with-public", ...listeners } as const;
  const given = { keeper: new FakeKeeper(), publicUrl, listeners: all, log: silentRequestLog };
  const server = await createServer({ ...given, ...more });
  servers.push(server);
  return server;
}

const statusAt = async (base: string, path: string) => (await fetch(base + path)).status;
const codeOf = (started: Promise<Server>) =>
  started.then(
    () => "started",
    (error) => error.code,
  );

describe("listeners", () => {
  it("serve everything on one port", async () => {
    const { urls } = await start();
    expect(new Set(Object.values(urls).map((url) => new URL(url).origin)).size).toBe(1);
    expect(await statusAt(urls.public, "/healthz")).toBe(200);
  });

  it("serve each face on its own port only", async () => {
    const { urls } = await start({ internal: free, admin: free });
    expect(new Set(Object.values(urls).map((url) => new URL(url).origin)).size).toBe(3);
    expect([await statusAt(urls.admin, "/healthz"), await statusAt(urls.public, "/healthz")]).toEqual([200, 404]);
    expect([await statusAt(urls.internal, "/oauth2/token"), await statusAt(urls.public, "/oauth2/token")]).toEqual([
      405, 404,
    ]);
    expect([await statusAt(urls.public, "/consent/x"), await statusAt(urls.internal, "/consent/x")]).toEqual([
      404, 404,
    ]);
    expect(await statusAt(urls.public, "/api/v1/me")).toBe(404);
  });

  it("say when a port is taken, and leave none open behind them", async () => {
    const { urls } = await start();
    const taken = { host: "127.0.0.1", port: Number(new URL(urls.public).port) };
    expect(await codeOf(start({ public: taken }))).toBe("port_taken");
    const other = await start();
    const port = Number(new URL(other.urls.public).port);
    await other.close();
    expect(await codeOf(start({ public: { host: "127.0.0.1", port }, admin: taken }))).toBe("port_taken");
    expect(await codeOf(start({ public: { host: "127.0.0.1", port } }))).toBe("started");
  });

  it("do not wait for a connection on which nothing was asked", async () => {
    const server = await start();
    const socket = connect(Number(new URL(server.urls.public).port), "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("error", () => undefined).once("close", resolve));
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    expect(await statusAt(server.urls.public, "/healthz")).toBe(200);
    await server.close();
    await ended;
  });

  it("do not wait for a caller who never sends the rest of his body", async () => {
    const server = await start({}, null, { answeredAtStopMs: 50 });
    const socket = connect(Number(new URL(server.urls.public).port), "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("error", () => undefined).once("close", resolve));
    const type = "Content-Type: application/x-www-form-urlencoded";
    socket.write(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 100\r\n\r\ngrant_type=`);
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    expect(await statusAt(server.urls.public, "/healthz")).toBe(200);
    await server.close();
    await ended;
  });

  it("close more than once without harm", async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
  });
});

describe("the public URL", () => {
  it("is required off loopback, and has to be https there", async () => {
    expect(await codeOf(start({ public: { host: "0.0.0.0", port: 0 } }))).toBe("public_url_required");
    expect(await codeOf(start({ internal: { host: "0.0.0.0", port: 0 } }))).toBe("public_url_required");
    expect(await codeOf(start({}, "http://evergrant.example"))).toBe("plain_http_refused");
    expect(await codeOf(start({}, "https://evergrant.example/path"))).toBe("input_invalid");
    expect(await codeOf(start({}, "not a url"))).toBe("input_invalid");
    expect((await start({}, "https://evergrant.example/")).urls.public).toBe("https://evergrant.example");
  });
});

describe("what is not HTTP", () => {
  const raw = (server: Server, bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.urls.public).port), "127.0.0.1", () => socket.write(bytes));
      let text = "";
      socket
        .on("data", (data) => (text += data))
        .on("error", reject)
        .on("close", () => resolve(text));
    });

  it("is refused in our words", async () => {
    const server = await start();
    expect(await raw(server, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [\s\S]*request_malformed/);
    const smuggled =
      "POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect(await raw(server, smuggled)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("where a caller calls from", () => {
  const seenFrom = async (trustedProxies: readonly string[]) => {
    const keeper = new FakeKeeper();
    const listeners = { public: free, internal: "with-public", admin: "with-public" } as const;
    const log = silentRequestLog;
    const server = await createServer({ keeper, publicUrl: null, listeners, log, trustedProxies });
    servers.push(server);
    const headers = {
      authorization: `Basic ${Buffer.from("nobody:x").toString("base64")}`,
      // The last is what the proxy itself saw; those before it may be anybody's words.
      "x-forwarded-for": "10.0.0.1, 192.0.2.7",
    };
    await fetch(`${server.urls.public}/oauth2/token`, { method: "POST", headers, body: new URLSearchParams() });
    await fetch(`${server.urls.public}/gateway/acme/x`, { headers });
    await fetch(`${server.urls.public}/forward-auth/acme`, { headers });
    return keeper.credentials.map(({ from }) => from?.replace("::ffff:", "").replace("::1", "127.0.0.1"));
  };

  it("is the peer's own address, whatever it says", async () => {
    expect(await seenFrom([])).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
  });

  it("is what a trusted proxy saw, and no further", async () => {
    expect(await seenFrom(["127.0.0.0/8", "::1/128"])).toEqual(["192.0.2.7", "192.0.2.7", "192.0.2.7"]);
  });
});
