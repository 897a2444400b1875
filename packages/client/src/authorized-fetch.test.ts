import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createClient } from "./create-client.ts";
import { aClientWorld, SECRET } from "./testing/client-world.ts";

const API = "https://api.books.example";

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly redirect: string | undefined;
}

/** A client whose API answers as told, in turn, and what reached it. */
function anApi(answers: readonly (() => Response)[], more: { tenantHeader?: string } = {}) {
  const world = aClientWorld();
  const sent: Sent[] = [];
  const client = createClient({
    ...{ issuer: "https://evergrant.example/connections/acme", clientId: "nightly", clientSecret: SECRET },
    ...{ apiOrigins: [API], time: world.time, ...more },
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!url.startsWith(API)) return await world.evergrant.fetch(input, init);
      sent.push({ url, headers: new Headers(init?.headers), body: init?.body, redirect: init?.redirect });
      return (answers[sent.length - 1] ?? (() => new Response("ok")))();
    },
  });
  return { client, sent, world };
}

const expired = () =>
  new Response("", { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
const missingScope = () =>
  new Response("", { status: 401, headers: { "www-authenticate": 'Bearer error="insufficent_scope"' } });
const codeOf = (error: unknown) => (error as { code?: string }).code;

describe("fetch", () => {
  it("puts the token in and follows no redirect with it", async () => {
    const { client, sent } = anApi([]);
    await client.fetch(`${API}/invoices`, { headers: { accept: "application/json", authorization: "Basic other" } });
    expect(sent[0]?.headers.get("authorization")).toMatch(/^Bearer acme\./);
    expect(sent[0]?.headers.get("accept")).toBe("application/json");
    expect(sent[0]?.redirect).toBe("manual");
  });

  it("sends no token, nor asks for one, to an origin that is not listed", async () => {
    const { client, sent, world } = anApi([]);
    for (const url of [
      "https://api.books.example.evil.example/",
      "http://api.books.example/",
      "nonsense",
      `${API}:444/`,
    ])
      expect(await client.fetch(url).catch(codeOf)).toBe("origin_not_allowed");
    expect(sent).toEqual([]);
    expect(world.evergrant.asked).toEqual([]);
  });

  it("looks for a newer token at a 401 and tries once more, also with a body that is still there", async () => {
    const { client, sent, world } = anApi([expired]);
    const answer = await client.fetch(`${API}/invoices`, { method: "POST", body: "an invoice" });
    expect(answer.status).toBe(200);
    const [first = "", second] = sent.map(({ headers }) => headers.get("authorization"));
    expect(second).not.toBe(first);
    // With evidence of what was refused, so that Evergrant can ask the API itself.
    const evidence = world.evergrant.asked.map(({ form }) => form.get("refused_token_sha256"));
    expect(evidence).toEqual([null, hash("sha256", String(first).replace("Bearer ", ""), "hex")]);
    expect(sent.map(({ body }) => body)).toEqual(["an invoice", "an invoice"]);
  });

  it("tries no third time, and none at all for a missing scope or a body that is gone", async () => {
    const twice = anApi([expired, expired]);
    expect((await twice.client.fetch(`${API}/a`)).status).toBe(401);
    expect(twice.sent).toHaveLength(2);
    const scope = anApi([missingScope]);
    expect((await scope.client.fetch(`${API}/a`)).status).toBe(401);
    const stream = anApi([expired]);
    const body = new Blob(["once"]).stream();
    await stream.client.fetch(`${API}/a`, { method: "POST", body, duplex: "half" } as RequestInit);
    for (const { sent } of [scope, stream]) expect(sent).toHaveLength(1);
  });

  it("names the organisation: the only one, or the one that is meant", async () => {
    const { client, sent } = anApi([], { tenantHeader: "x-books-tenant" });
    await client.fetch(`${API}/a`);
    await client.fetch(`${API}/a`, { tenant: "Books of acme" });
    await client.fetch(new Request(`${API}/a`), { headers: { "x-books-tenant": "by hand" } });
    expect(sent.map(({ headers }) => headers.get("x-books-tenant"))).toEqual(["t-acme", "t-acme", "by hand"]);
    expect(await client.fetch(`${API}/a`, { tenant: "Elsewhere" }).catch(codeOf)).toBe("tenant_unknown");
    expect(await anApi([]).client.fetch(`${API}/a`, { tenant: "t-acme" }).catch(codeOf)).toBe("client_misconfigured");
  });
});
