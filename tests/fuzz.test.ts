import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { AddedCaller } from "@evergrant/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RecordingProxy, recordingProxy } from "./kit/recording-proxy.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

let world: World;
let proxy: RecordingProxy;
let operatorKey: string;
let reader: AddedCaller;

beforeAll(async () => {
  world = await aWorld();
  proxy = await recordingProxy(world.sandbox.urls.identity);
  await world.start();
  const { url } = await world.setUp({ identity: proxy.url });
  await world.consents(url, "jane@demo.example", DEMO_COMPANY);
  const only = { methods: null, tenants: null, paths: ["/api.xro/2.0/Organisation", "/fuzz/*"] };
  const permissions = [{ connection: "acme", right: "gateway", only }];
  reader = await world.admin.post<AddedCaller>("/callers", { name: "reader", permissions });
  operatorKey = readFileSync(join(world.folder, "operator-key"), "utf8").trim();
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const RUNS = { numRuns: 250 };
const name = fc.constantFrom(
  "grant_type",
  "client_id",
  "client_secret",
  "resource",
  "audience",
  "scope",
  "min_ttl",
  "x",
  "",
);
const value = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("client_credentials", "connection:acme", "acme", "-1", "1e999", "\0"),
);
const form = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => new URLSearchParams(pairs).toString());
const body = fc.oneof(form, fc.string({ unit: "binary", maxLength: 300 }), fc.json(), fc.constant("x".repeat(70_000)));
const mediaType = fc.constantFrom(
  "application/x-www-form-urlencoded",
  "application/json",
  "multipart/form-data; boundary=x",
  "text/plain",
  ";",
  "",
);
const authorization = fc.oneof(
  fc.constant(undefined),
  fc.base64String().map((token) => `Basic ${token}`),
  fc.string().map(printable),
);

describe("whatever is sent, the answer is a refusal with a code, and it gives nothing away", () => {
  test("the token endpoints", async () => {
    const path = fc.oneof(
      fc.constantFrom("/oauth2/token", "/connections/acme/oauth2/token"),
      fc.string().map((text) => `/connections/${encodeURIComponent(text)}/oauth2/token`),
    );
    const method = fc.constantFrom("POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS");
    await fc.assert(fc.asyncProperty(fc.record({ method, path, body, mediaType, authorization }), answersSafely), RUNS);
  });

  test("the gateway and forward-auth, for nobody and for a caller", async () => {
    const piece = fc.oneof(
      fc.string().map((text) => pathSegment(text)),
      fc.constantFrom(
        "..",
        "%2e%2e",
        "%2f",
        "%00",
        "%",
        "%c0%ae",
        "api.xro",
        "2.0",
        "Organisation",
        "connections",
        "fuzz",
        "",
      ),
    );
    const target = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join("/"));
    const path = fc.oneof(
      { weight: 8, arbitrary: target.map((text) => `/gateway/acme/${text}`) },
      { weight: 2, arbitrary: target.map((text) => `/gateway/${text}`) },
      { weight: 2, arbitrary: target.map((text) => `/forward-auth/${text}`) },
      // Few: what is really called counts against the provider's limits, and waits for its turn.
      { weight: 1, arbitrary: fc.constant("/gateway/acme/api.xro/2.0/Organisation?x=%") },
    );
    const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE");
    const credentials = Buffer.from(`${reader.clientId}:${reader.clientSecret}`).toString("base64");
    const known = fc.oneof({ weight: 3, arbitrary: fc.constant(`Basic ${credentials}`) }, authorization);
    const sent = fc.record({ method, path, body, mediaType, authorization: known });
    await fc.assert(fc.asyncProperty(sent, answersSafely), RUNS);
  });

  test("the callback and the consent pages", async () => {
    const parameter = fc.tuple(fc.constantFrom("state", "code", "error", "iss", "scope", "session_state"), value);
    const query = fc.array(parameter, { maxLength: 6 }).map((pairs) => new URLSearchParams(pairs).toString());
    const place = fc.oneof(fc.constantFrom("/oauth/callback/", "/consent/", "/consent/result/"));
    const path = fc
      .tuple(place, fc.oneof(fc.string(), fc.constantFrom("%", "%00", "..%2f", "a.b.c")), query)
      .map(([at, id, search]) => `${at}${pathSegment(id)}?${search}`);
    const cookie = fc.oneof(
      fc.constant(undefined),
      fc.string().map((text) => `__Host-evergrant-consent=${printable(text)}`),
    );
    const method = fc.constantFrom("GET", "GET", "POST", "HEAD");
    await fc.assert(fc.asyncProperty(fc.record({ method, path, body, mediaType, cookie }), answersSafely), RUNS);
  });

  test("the admin API, with and without the key", async () => {
    const places = [
      "/me",
      "/apps",
      "/apps/xero-app/secrets",
      "/connections",
      "/connections/acme",
      "/connections/acme/story",
      "/connections/nobody/consent-links",
      "/callers",
      "/callers/x/permissions",
      "/consents",
      "/consents/x/decision",
      "/nothing",
    ];
    const path = fc
      .tuple(fc.constantFrom(...places), fc.string())
      .map(([place, search]) => `/api/v1${place}?${encodeURIComponent(search)}`);
    const key = fc.constantFrom(`Bearer ${operatorKey}`, `Bearer ${operatorKey}`, "Bearer wrong", undefined);
    // Valid deletions would take away what the other properties stand on.
    const method = fc.constantFrom("GET", "POST", "POST", "PUT", "PATCH");
    const json = fc.oneof(
      fc.json(),
      fc.constantFrom("{", "[]", "null", '{"__proto__":{"accept":true}}', '{"name":"a","unknown":1}'),
      fc.string(),
    );
    const sent = fc.record({
      method,
      path,
      body: json,
      mediaType: fc.constantFrom("application/json", "text/plain", ""),
      authorization: key,
    });
    await fc.assert(fc.asyncProperty(sent, answersSafely), RUNS);
  });
});

test("after all of that the connection still works and the log holds no secret", async () => {
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  expect(leaked(world.node.output())).toBe(false);
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly mediaType: string;
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
}

async function answersSafely(sent: Sent): Promise<void> {
  const { status, body: answer } = await send(sent);
  expect({ status, sent }).not.toMatchObject({ status: expect.toSatisfy((code: number) => code >= 500) });
  expect(answer).not.toMatch(/\n\s+at |node:internal|\.ts:\d+/);
  expect(leaked(answer)).toBe(false);
}

function send({
  method,
  path,
  body: content,
  mediaType: type,
  authorization: key,
  cookie,
}: Sent): Promise<{ status: number; body: string }> {
  const hasBody = method !== "GET" && method !== "HEAD";
  const headers = {
    "content-type": type,
    // Node's client says no length by itself for methods that seldom have a body, and sends the body all the same.
    ...(hasBody ? { "content-length": String(Buffer.byteLength(content)) } : {}),
    ...(key === undefined ? {} : { authorization: key }),
    ...(cookie === undefined ? {} : { cookie }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(world.url, { method, path, headers, agent: false }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
    });
    // A server may close while a body that is too large is still on its way; what it answered before counts.
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EPIPE" || error.code === "ECONNRESET" ? resolve({ status: 413, body: "" }) : reject(error),
    );
    outgoing.end(hasBody ? content : undefined);
  });
}

function leaked(answer: string): boolean {
  return [...proxy.secrets, world.caller.clientSecret, reader.clientSecret, operatorKey].some((secret) =>
    answer.includes(secret),
  );
}

function printable(input: string): string {
  return input.replaceAll(/[^\x20-\x7e]/g, "?");
}

function pathSegment(input: string): string {
  return /^[\x21-\x7e]*$/.test(input) && !/[?# ]/.test(input) ? input : encodeURIComponent(input);
}
