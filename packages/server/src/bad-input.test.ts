import { EvergrantError, Secret } from "@evergrant/core";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tokenOf } from "./testing/fake-keeper.ts";
import { basic, startWorld, type World } from "./testing/world.ts";

const CANARY = "canary-7f3a";
const RUNS = { numRuns: 150 };

let world: World;
beforeAll(async () => {
  const unlimited = { burst: 1e9, refillMs: 1 };
  world = await startWorld({ rates: { consent: unlimited, operatorKey: unlimited } });
  world.keeper.plantCaller("canary-caller", `${CANARY}-caller-secret`, []);
});
afterAll(() => world.close());
afterEach(() => {
  world.keeper.fault = null;
  world.keeper.answer = tokenOf;
});

/** What holds for every answer to whatever was sent. */
async function isHarmless(answer: Response, statusMax = 499): Promise<void> {
  const text = await answer.text();
  expect(answer.status).toBeLessThanOrEqual(statusMax);
  expect(text).not.toMatch(/\n\s+at |node_modules|\.ts:\d/);
  const shown = `${text} ${JSON.stringify([...answer.headers])} ${world.logLines.splice(0).join("")}`;
  expect(shown).not.toContain(CANARY);
}

const anyText = fc.string({ unit: "binary", maxLength: 60 });
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const formText = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        "grant_type",
        "scope",
        "resource",
        "audience",
        "client_id",
        "client_secret",
        "min_ttl",
        "state",
        "code",
        "error",
        "iss",
        "%",
        "x",
      ),
      fc.oneof(anyText.map(encode), anyBytes, fc.constantFrom("client_credentials", "connection:acme", "acme", "%zz")),
    ),
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&"));
const headerText = fc.string({ unit: "grapheme-ascii", maxLength: 80 }).map((text) => text.trim());
const pathText = anyText.map(encode);

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

describe("bad input harms nobody", () => {
  it("at the token endpoint", async () => {
    const authorization = fc.oneof(
      headerText,
      headerText.map((text) => `Basic ${text}`),
      fc.constant(basic("nightly", "s3cret")["authorization"] ?? ""),
    );
    const type = fc.oneof(
      { weight: 4, arbitrary: fc.constant("application/x-www-form-urlencoded") },
      { weight: 1, arbitrary: headerText },
    );
    const path = fc.oneof(
      fc.constant("/oauth2/token"),
      fc.constant("/connections/acme/oauth2/token"),
      pathText.map((name) => `/connections/${name}/oauth2/token`),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(formText, anyBytes), authorization, type, path, async (body, auth, contentType, at) => {
        const headers = {
          ...(auth === "" ? {} : { authorization: auth }),
          ...(contentType === "" ? {} : { "content-type": contentType }),
        };
        await isHarmless(await world.ask(at, { method: "POST", body: Buffer.from(body, "latin1"), headers }));
      }),
      RUNS,
    );
  });

  it("at the consent pages and the callback", async () => {
    const path = fc.oneof(
      pathText.map((link) => `/consent/${link}`),
      pathText.map((id) => `/consent/result/${id}`),
      fc.tuple(pathText, formText).map(([app, query]) => `/oauth/callback/${app}?${query}`),
      formText.map((query) => `/oauth/callback/ap_1?${query}`),
    );
    const cookie = fc.oneof(
      headerText,
      headerText.map((text) => `__Host-evergrant-consent=${text}`),
    );
    await fc.assert(
      fc.asyncProperty(path, cookie, fc.constantFrom("GET", "POST", "PUT", "DELETE"), async (at, sent, method) => {
        const headers = { ...(sent === "" ? {} : { cookie: sent }), "sec-fetch-site": "same-origin" };
        await isHarmless(await world.ask(at, { method, headers }));
      }),
      RUNS,
    );
  });

  it("at the admin API, with and without the key", async () => {
    const paths = [
      "/apps",
      "/apps/books/secrets",
      "/connections",
      "/connections/acme/consent-links",
      "/connections/acme/story",
      "/consents",
      "/consents/cs_1/decision",
      "/callers",
      "/callers/cl_1/permissions",
      "/me",
    ];
    const shaped = fc.record(
      {
        name: anyText,
        provider: anyText,
        app: anyText,
        clientId: anyText,
        accept: fc.anything(),
        permissions: fc.anything(),
        limit: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      anyBytes,
      fc.json(),
      shaped.map((value) => JSON.stringify(value) ?? ""),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        body,
        fc.boolean(),
        async (path, method, text, key) => {
          const headers = {
            "content-type": "application/json",
            ...(key ? { authorization: `Bearer ${world.keeper.operatorKey}` } : {}),
          };
          const payload = method === "GET" ? {} : { body: Buffer.from(text, "latin1") };
          await isHarmless(await world.ask(`/api/v1${path}`, { method, headers, ...payload }));
        },
      ),
      RUNS,
    );
  });

  it("at any address at all", async () => {
    const address = fc.array(pathText, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
    await fc.assert(
      fc.asyncProperty(address, headerText, async (path, accept) => {
        await isHarmless(await world.ask(path.replace(/^\/+/, "/"), { headers: accept === "" ? {} : { accept } }));
      }),
      RUNS,
    );
  });
});

describe("an inner failure", () => {
  const strange: readonly (() => unknown)[] = [
    () => new Error(`${CANARY} in a message`),
    () => new Error("wrapped", { cause: new Error(`${CANARY} in a cause`) }),
    () => Object.assign(new TypeError(CANARY), { code: CANARY, name: CANARY, statusCode: 418, token: CANARY }),
    () => Object.assign(new Error("bare"), { stack: CANARY }),
    () => ({ message: CANARY, statusCode: 200 }),
    () => CANARY,
    () => null,
    () => undefined,
    () => new EvergrantError("store_unavailable", { cause: new Error(CANARY) }),
    () => new EvergrantError("internal_error", { cause: new Secret(CANARY) }),
  ];

  it("is hidden from callers, people and operators, and from the log", async () => {
    const asks: readonly (() => Promise<Response>)[] = [
      () => world.token({ grant_type: "client_credentials" }, { headers: basic("nightly", "s3cret") }),
      () => world.ask("/consent/abc"),
      () => world.ask("/oauth/callback/ap_1?state=a&code=b"),
      () => world.ask("/consent/result/cs_1"),
      () => world.admin("GET", "/apps"),
      () => world.admin("POST", "/connections/acme/check"),
    ];
    for (const make of strange)
      for (const ask of asks) {
        world.keeper.fault = { error: make() };
        const answer = await ask();
        expect([500, 503]).toContain(answer.status);
        await isHarmless(answer, 503);
      }
  });

  it("is logged by class and place under the request id that the answer names", async () => {
    world.logLines.length = 0;
    world.keeper.fault = { error: new RangeError(CANARY) };
    const answer = await world.admin("GET", "/apps");
    const failure = world.logLines.map((line) => JSON.parse(line)).find((line) => line.msg === "failure");
    expect(failure).toMatchObject({
      kind: "RangeError",
      route: "/api/v1/apps",
      requestId: answer.headers.get("x-request-id"),
    });
    expect(await answer.json()).toMatchObject({ code: "internal_error", requestId: failure.requestId });
  });

  it("never answers with a token that came as an error's words", async () => {
    world.keeper.answer = () =>
      new EvergrantError("provider_unreachable", { detail: "HTTP 502", cause: new Error(CANARY) });
    await isHarmless(
      await world.token({ grant_type: "client_credentials" }, { headers: basic("nightly", "s3cret") }),
      503,
    );
  });
});

it("no secret of an answered request reaches the log", async () => {
  world.logLines.length = 0;
  world.keeper.answer = (name) => ({ ...tokenOf(name), accessToken: new Secret(`${CANARY}-access`) });
  const answer = await world.token({ grant_type: "client_credentials" }, { headers: basic("nightly", "s3cret") });
  expect(await answer.text()).toContain(`${CANARY}-access`);
  expect(world.logLines.join("")).not.toMatch(/canary|s3cret|nightly/);
});
