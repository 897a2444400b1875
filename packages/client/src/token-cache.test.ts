import { inspect } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import type { AccessToken } from "./client.ts";
import { ClientError } from "./errors.ts";
import { aClientWorld, type ClientWorld, SECRET } from "./testing/client-world.ts";
import { refusal } from "./testing/fake-evergrant.ts";

const MINUTE = 60_000;
let world: ClientWorld;
beforeEach(() => {
  world = aClientWorld();
});

const text = (token: AccessToken) => token.accessToken.reveal();
const refused = async (asking: Promise<unknown>): Promise<ClientError> => {
  const error = await asking.catch((thrown: unknown) => thrown);
  if (error instanceof ClientError) return error;
  throw new Error(`not refused: ${inspect(error)}`);
};

describe("a token", () => {
  it("is asked for once, with the caller's credentials, and then comes from memory", async () => {
    const client = world.client();
    const token = await client.accessToken();
    await world.time.advance(10 * MINUTE);
    expect(text(await client.accessToken())).toBe(text(token));
    expect((await client.accessToken()).expiresInMs).toBe(20 * MINUTE);
    expect(world.evergrant.asked).toHaveLength(1);
    const [{ authorization, form } = { authorization: "", form: new URLSearchParams() }] = world.evergrant.asked;
    expect(Buffer.from((authorization ?? "").slice(6), "base64").toString()).toBe(`nightly:${SECRET}`);
    expect(Object.fromEntries(form)).toEqual({ grant_type: "client_credentials", min_ttl: "60" });
  });

  it("is asked for once however many want it at the same time", async () => {
    const client = world.client();
    const tokens = await Promise.all(Array.from({ length: 500 }, () => client.accessToken()));
    expect(new Set(tokens.map(text)).size).toBe(1);
    expect(world.evergrant.asked).toHaveLength(1);
  });

  it("is renewed behind in the third quarter of its life, while the old one is handed out", async () => {
    const client = world.client();
    const first = text(await client.accessToken());
    await world.time.advance(19 * MINUTE);
    expect(text(await client.accessToken())).toBe(first);
    await world.time.settle();
    expect(text(await client.accessToken())).not.toBe(first);
    expect(world.evergrant.asked).toHaveLength(2);
  });

  it("is never handed out once it has expired", async () => {
    const client = world.client();
    await client.accessToken();
    world.evergrant.instead = () => "down";
    await world.time.advance(30 * MINUTE);
    const asking = refused(client.accessToken());
    await world.time.advance(MINUTE);
    expect((await asking).code).toBe("evergrant_unreachable");
  });

  it("that lasts shorter than wished is asked for again, though not at once, and handed out while nothing better comes", async () => {
    const client = world.client();
    world.evergrant.lifeMs = 5 * MINUTE;
    const first = text(await client.accessToken());
    expect(text(await client.accessToken({ minTtlMs: 10 * MINUTE }))).toBe(first);
    expect(world.evergrant.asked).toHaveLength(1);
    await world.time.advance(10_000);
    world.evergrant.lifeMs = 30 * MINUTE;
    expect((await client.accessToken({ minTtlMs: 10 * MINUTE })).expiresInMs).toBe(30 * MINUTE);
    await world.time.advance(25 * MINUTE);
    world.evergrant.instead = () => "down";
    expect((await client.accessToken({ minTtlMs: 10 * MINUTE })).expiresInMs).toBe(5 * MINUTE);
  });

  it("of another connection is another token", async () => {
    const client = world.client();
    const [acme, other] = await Promise.all([client.accessToken(), client.accessToken({ connection: "other" })]);
    expect(text(acme)).toMatch(/^acme\./);
    expect(text(other)).toMatch(/^other\./);
  });

  it("that the API refused makes way for a newer one, asked for once by all who were refused", async () => {
    const client = world.client();
    const first = await client.accessToken();
    await world.time.advance(MINUTE);
    const ask = { refused: first.accessToken };
    const newer = await Promise.all(Array.from({ length: 20 }, () => client.accessToken(ask)));
    expect(new Set(newer.map(text)).size).toBe(1);
    expect(newer.map(text)).not.toContain(text(first));
    expect(world.evergrant.asked).toHaveLength(2);
    expect(text(await client.accessToken(ask))).toBe(newer[0] && text(newer[0]));
    expect(world.evergrant.asked).toHaveLength(2);
  });
});

describe("an outage", () => {
  it("is waited out with growing pauses, and the answer reaches all who wait", async () => {
    const client = world.client();
    let failing = 2;
    world.evergrant.instead = () => (failing-- > 0 ? "down" : null);
    const asking = Promise.all([client.accessToken(), client.accessToken()]);
    await world.time.advance(5_000);
    expect((await asking).map(text)).toHaveLength(2);
    const [a = 0, b = 0, c = 0] = world.evergrant.asked.map(({ atMs }) => atMs);
    expect([b - a, c - b]).toEqual([188, 375].map((ms) => expect.closeTo(ms, -0.5)));
  });

  it("costs a bounded number of requests, and then an answer at once that says how long to wait", async () => {
    const client = world.client();
    world.evergrant.instead = () => "down";
    const asking = refused(client.accessToken());
    await world.time.advance(2_000);
    expect((await asking).code).toBe("evergrant_unreachable");
    const { code, retryAfterMs } = await refused(client.accessToken());
    expect(code).toBe("evergrant_unreachable");
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(world.evergrant.asked).toHaveLength(4);
  });

  it("with Retry-After is not asked into before that", async () => {
    const client = world.client();
    let failing = 1;
    world.evergrant.instead = () => (failing-- > 0 ? refusal(503, "token_not_ready", { retryAfter: 7 }) : null);
    const asking = client.accessToken();
    await world.time.advance(6_900);
    expect(world.evergrant.asked).toHaveLength(1);
    await world.time.advance(100);
    expect(text(await asking)).toMatch(/^acme\./);
  });

  it("with a Retry-After beyond anybody's patience is told at once, and respected", async () => {
    const client = world.client();
    world.evergrant.instead = () => refusal(503, "provider_unreachable", { retryAfter: 60 });
    const error = await refused(client.accessToken());
    expect([error.code, error.status, error.retry]).toEqual(["provider_unreachable", 503, "later"]);
    await world.time.advance(30_000);
    expect((await refused(client.accessToken())).retryAfterMs).toBe(30_000);
    expect(world.evergrant.asked).toHaveLength(1);
    world.evergrant.instead = null;
    await world.time.advance(30_000);
    expect(text(await client.accessToken())).toMatch(/^acme\./);
  });

  it("is told once while a token is left, once when none is, and once when it is over", async () => {
    const client = world.client();
    await client.accessToken();
    world.evergrant.instead = () => "down";
    for (let minute = 0; minute < 35; minute += 1) {
      client.accessToken().catch(() => {});
      await world.time.advance(MINUTE);
    }
    expect(world.notices.map(({ kind }) => kind)).toEqual(["degraded"]);
    expect(world.unable.map(({ connection, error }) => [connection, error.code])).toEqual([
      ["acme", "evergrant_unreachable"],
    ]);
    world.evergrant.instead = null;
    await client.accessToken();
    expect(world.notices.map(({ kind }) => kind)).toEqual(["degraded", "recovered"]);
  });

  it("in which tokens come without any life is an outage like any other", async () => {
    const client = world.client();
    world.evergrant.lifeMs = 500;
    const asking = refused(client.accessToken());
    await world.time.advance(2_000);
    expect((await asking).code).toBe("evergrant_answer_foreign");
    await refused(client.accessToken());
    expect(world.evergrant.asked).toHaveLength(4);
  });

  it("of whatever stands in between is told from a refusal of Evergrant", async () => {
    const client = world.client();
    await client.accessToken();
    await world.time.advance(20 * MINUTE);
    world.evergrant.instead = () => new Response("<h1>Forbidden</h1>", { status: 403 });
    await client.accessToken();
    await world.time.advance(MINUTE);
    expect(text(await client.accessToken())).toMatch(/^acme\./);
    expect(world.notices).toMatchObject([{ kind: "degraded", error: { code: "evergrant_answer_foreign" } }]);
  });
});

describe("a refusal of Evergrant", () => {
  it("is not asked again at once, and takes the remembered token with it", async () => {
    const client = world.client();
    await client.accessToken();
    world.evergrant.instead = () => refusal(400, "connection_not_available");
    await world.time.advance(20 * MINUTE);
    await client.accessToken();
    await world.time.settle();
    expect((await refused(client.accessToken())).code).toBe("connection_not_available");
    expect(world.evergrant.asked).toHaveLength(2);
    expect(world.unable).toHaveLength(1);
  });

  it("that a person can mend says where, and does not print it", async () => {
    const client = world.client();
    const link = "https://evergrant.example/consent/a-link-that-whoever-has-it-can-use";
    world.evergrant.instead = () => refusal(400, "consent_required", { error: "consent_required", consentUrl: link });
    const error = await refused(client.accessToken());
    expect([error.code, error.retry, error.message]).toEqual([
      "consent_required",
      "after-consent",
      "What to do about consent_required.",
    ]);
    expect(error.consentUrl?.reveal()).toBe(link);
    expect(inspect(error) + JSON.stringify(error) + String(error)).not.toContain(link);
  });

  it("of a wrong secret is told as such", async () => {
    world.evergrant.instead = () => refusal(401, "caller_authentication_failed", { error: "invalid_client" });
    expect(await refused(world.client().accessToken())).toMatchObject({
      code: "caller_authentication_failed",
      status: 401,
      retry: "never",
    });
  });
});

describe("a caller", () => {
  it("who gives up is let go, and the others get their token", async () => {
    const client = world.client();
    const gate = Promise.withResolvers<void>();
    world.evergrant.gate = gate.promise;
    const impatient = new AbortController();
    const first = client.accessToken({ signal: impatient.signal });
    const second = client.accessToken();
    impatient.abort(new Error("no more"));
    await expect(first).rejects.toThrow("no more");
    gate.resolve();
    expect(text(await second)).toMatch(/^acme\./);
  });

  it("hears that the client was closed, and so does who waits", async () => {
    const client = world.client();
    world.evergrant.instead = () => "down";
    const waiting = refused(client.accessToken());
    await world.time.settle();
    await client.close();
    expect((await waiting).code).toBe("client_closed");
    expect((await refused(client.accessToken())).code).toBe("client_closed");
  });

  it("whose secret cannot be had keeps the token he has", async () => {
    let vault = "open";
    const clientSecret = async () => {
      if (vault === "shut") throw new Error("the vault is shut");
      return SECRET;
    };
    const client = world.client({ clientSecret });
    await client.accessToken();
    vault = "shut";
    await world.time.advance(20 * MINUTE);
    await client.accessToken();
    await world.time.advance(MINUTE);
    expect(text(await client.accessToken())).toMatch(/^acme\./);
    expect(world.notices).toMatchObject([{ kind: "degraded", error: { code: "client_secret_unavailable" } }]);
  });

  it("sees no secret in whatever is printed", async () => {
    const client = world.client();
    const token = await client.accessToken();
    const printed =
      inspect(client, { depth: 9, showHidden: true }) + inspect(token, { depth: 9 }) + JSON.stringify(token);
    expect(printed).toContain("[secret]");
    expect(printed).not.toContain(text(token));
    expect(printed).not.toContain(SECRET);
  });
});
