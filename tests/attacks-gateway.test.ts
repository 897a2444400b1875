import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { AddedCaller } from "@evergrant/contract";
import { expect, test } from "vitest";
import { type ApiFront, apiFront } from "./kit/api-front.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

/** Two people's connections behind one gateway: acme is Jane's, books-of-mallory is Mallory's. Each has a caller of its own. */
async function twoConnections() {
  const world = await aWorld();
  await world.start();
  const front = await apiFront(world.sandbox.urls.api);
  const { url } = await world.setUp({ api: front.url });
  await world.consents(url, "jane@demo.example", DEMO_COMPANY);
  const { email, organisation } = world.aPerson("mallory");
  await world.connection("mallory");
  await world.consents((await world.link("mallory")).url, email, organisation);
  const jane = await aCaller(world, "jane-job", "acme");
  const mallory = await aCaller(world, "mallory-job", "mallory");
  const close = async () => {
    await world[Symbol.asyncDispose]();
    await front[Symbol.asyncDispose]();
  };
  return { world, front, jane, mallory, organisation, [Symbol.asyncDispose]: close };
}

async function aCaller(world: World, name: string, connection: string) {
  const permissions = [{ connection, right: "gateway" }];
  const { clientId, clientSecret } = await world.admin.post<AddedCaller>("/callers", { name, permissions });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  // Not by fetch, which would tidy the path up.
  const call = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const { port } = new URL(world.url);
    const sent = request({ port, path: `/gateway${path}`, headers: { ...headers, authorization }, agent: false }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return { status: answer.statusCode ?? 0, text: await text(answer) };
  };
  return { authorization, clientId, clientSecret, call };
}

/** Whose token a call arrived with, by the provider's own claim. */
function personOf({ headers }: ApiFront["calls"][number]): string {
  const [, claims = ""] = String(headers.authorization).replace("Bearer ", "").split(".");
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { xero_userid: string }).xero_userid;
}

/** Sends these very bytes to Evergrant, and reads until it closes. */
async function raw(world: World, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(world.url).port), "localhost");
  await once(socket, "connect");
  socket.write(bytes);
  return await text(socket);
}

test("cross-connection confusion: a caller of one connection reaches another's by no path, query, field or organisation", async () => {
  await using two = await twoConnections();
  const { world, front, mallory } = two;
  const hers = world.organisationId(DEMO_COMPANY);
  const own = await mallory.call("/mallory/api.xro/2.0/Organisation");
  expect([own.status, own.text]).toEqual([200, expect.stringContaining(two.organisation)]);
  const mallorysId = personOf(front.calls.at(-1) as ApiFront["calls"][number]);
  const before = front.calls.length;
  const tried = [
    "/acme/api.xro/2.0/Organisation",
    "/mallory/../acme/api.xro/2.0/Organisation",
    "/mallory/%2e%2e/acme/api.xro/2.0/Organisation",
    "/mallory/..%2facme/api.xro/2.0/Organisation",
    "/mallory%2f..%2facme/api.xro/2.0/Organisation",
    "//acme/api.xro/2.0/Organisation",
    "/Acme/api.xro/2.0/Organisation",
  ];
  for (const path of tried) {
    const answer = await mallory.call(path);
    expect([path, answer.status >= 400, answer.text.includes(DEMO_COMPANY)]).toEqual([path, true, false]);
  }
  expect(front.calls).toHaveLength(before);
  for (const [path, headers] of [
    ["/mallory/api.xro/2.0/Organisation", { "xero-tenant-id": hers }],
    ["/mallory/api.xro/2.0/Organisation?connection=acme", {}],
    ["/mallory/api.xro/2.0/Organisation", { "x-evergrant-connection": "acme", "x-connection": "acme" }],
    ["/mallory/api.xro/2.0/Organisation", { xero_tenant_id: hers }],
  ] as const)
    expect((await mallory.call(path, headers)).text).not.toContain(DEMO_COMPANY);
  // Whatever got through was sent as Mallory's own.
  for (const arrived of front.calls.slice(before)) {
    expect(personOf(arrived)).toBe(mallorysId);
    expect(arrived.headers["xero-tenant-id"]).toBe(world.organisationId(two.organisation));
  }
});

test("cross-connection confusion: of many calls at the same moment each arrives with the token of its own connection's person", async () => {
  await using two = await twoConnections();
  const { front, jane, mallory, organisation } = two;
  const before = front.calls.length;
  // Within the provider's limit of calls at the same moment everything else waits for its turn.
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const [caller, connection, name] =
        index % 2 === 0 ? ([jane, "acme", DEMO_COMPANY] as const) : ([mallory, "mallory", organisation] as const);
      const { status, text } = await caller.call(`/${connection}/api.xro/2.0/Organisation?n=${index}`);
      return [status, text.includes(name)];
    }),
  );
  expect(answers.filter(([status, isOwn]) => status === 200 && isOwn !== true)).toEqual([]);
  expect(answers.filter(([status]) => status === 200).length).toBeGreaterThan(50);
  const people = Map.groupBy(front.calls.slice(before), ({ target }) => Number(target.split("n=")[1]) % 2);
  for (const calls of people.values()) expect(new Set(calls.map(personOf)).size).toBe(1);
});

test("header smuggling: fields that name a host, a path, a method, an organisation or a person in another spelling reach nobody", async () => {
  await using two = await twoConnections();
  const { world, front, jane } = two;
  const smuggled = {
    ...{ x_forwarded_for: "10.0.0.1", "x-forwarded-host": "evil.example", "x-forwarded-uri": "/connections" },
    ...{ "x-original-url": "/connections", "x-rewrite-url": "/connections", "x-http-method-override": "DELETE" },
    ...{ xero_tenant_id: "other", xero_user_id: "other", "x-authorization": "Bearer other", cookie: "session=other" },
    ...{ "proxy-authorization": "Basic b3RoZXI6", forwarded: "for=10.0.0.1;host=evil.example", via: "1.1 evil" },
  };
  const lines = Object.entries({ host: "localhost", authorization: jane.authorization, ...smuggled });
  const answer = await raw(
    world,
    `GET /gateway/acme/api.xro/2.0/Organisation HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}Connection: close, xero-tenant-id, authorization\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 200/);
  const arrived = front.calls.at(-1);
  expect(arrived).toMatchObject({ method: "GET", target: "/api.xro/2.0/Organisation" });
  expect(arrived?.headers["authorization"]).toMatch(/^Bearer ey/);
  expect(arrived?.headers["xero-tenant-id"]).toBe(world.organisationId(DEMO_COMPANY));
  expect(Object.keys(arrived?.headers ?? {}).filter((name) => name in smuggled)).toEqual([]);
  expect(JSON.stringify(arrived?.headers)).not.toMatch(/evil|other|10\.0\.0\.1/);
});

test("request smuggling: a second request hidden in the first is nobody's, whichever way its length is told", async () => {
  await using two = await twoConnections();
  const { world, front, mallory, jane } = two;
  const before = front.calls.length;
  const hidden = `GET /gateway/acme/api.xro/2.0/Organisation HTTP/1.1\r\nhost: localhost\r\nauthorization: ${jane.authorization}\r\n\r\n`;
  const first = (...fields: string[]) =>
    `POST /gateway/mallory/api.xro/2.0/Contacts HTTP/1.1\r\nhost: localhost\r\nauthorization: ${mallory.authorization}\r\n${fields.join("\r\n")}\r\n\r\n`;
  for (const bytes of [
    `${first("content-length: 4", "transfer-encoding: chunked")}0\r\n\r\n${hidden}`,
    `${first("transfer-encoding: chunked", "content-length: 4")}0\r\n\r\n${hidden}`,
    first("content-length: 0", `content-length: ${hidden.length}`) + hidden,
    `${first("transfer-encoding: chunked", "transfer-encoding: identity")}0\r\n\r\n${hidden}`,
    `${first("transfer-encoding: \u000bchunked")}0\r\n\r\n${hidden}`,
    first("content-length: +4") + hidden,
    `${first("transfer-encoding: chunked")}4;\nx\r\nabcd\r\n0\r\n\r\n${hidden}`,
  ]) {
    const answer = await raw(world, bytes);
    expect([answer.match(/HTTP\/1\.1 \d+/g), answer.includes(DEMO_COMPANY)]).toEqual([["HTTP/1.1 400"], false]);
  }
  expect(front.calls).toHaveLength(before);
});

test("no redirect is followed with a token, and no answer gives the token or a cookie away", async () => {
  await using two = await twoConnections();
  const { front, jane } = two;
  let echoed = "";
  front.answer("/api.xro/2.0/Items", (incoming, response) => {
    echoed = String(incoming.headers.authorization);
    response
      .writeHead(200, { "set-cookie": "session=provider", "www-authenticate": echoed, etag: '"1"' })
      .end(JSON.stringify({ seen: "yes" }));
  });
  front.answer("/api.xro/2.0/Budgets", (_incoming, response) => {
    response.writeHead(307, { location: "http://169.254.169.254/latest/meta-data" }).end();
  });
  const answer = await fetch(`${two.world.url}/gateway/acme/api.xro/2.0/Items`, {
    headers: { authorization: jane.authorization },
  });
  expect([answer.status, answer.headers.get("etag"), answer.headers.getSetCookie()]).toEqual([200, '"1"', []]);
  expect(echoed).toMatch(/^Bearer ey/);
  expect([...answer.headers.values()].join("\n")).not.toContain(echoed.slice("Bearer ".length));
  const redirect = await jane.call("/acme/api.xro/2.0/Budgets");
  expect([redirect.status, JSON.parse(redirect.text).code]).toEqual([502, "api_redirect_refused"]);
});
