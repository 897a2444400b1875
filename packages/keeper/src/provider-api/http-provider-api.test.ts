import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { inspect } from "node:util";
import { Secret } from "@evergrant/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Provider, ResolvedEndpoints } from "../ports/provider.ts";
import { PROVIDERS } from "../providers/catalogue.ts";
import { xero } from "../providers/xero.ts";
import { xeroCustomConnection } from "../providers/xero-custom-connection.ts";
import { realTime } from "../real-time.ts";
import { metadataAddresses } from "./discovery.ts";
import { httpProviderApi } from "./http-provider-api.ts";
import { readInstantMs } from "./tenant-list.ts";

const TOKEN = new Secret("canary-access-token");
const LISTED = {
  id: "7cb59f93-2964-421d-bb5e-a0f7a4572a44",
  authEventId: "c2a1f0d4-0000-4000-8000-000000000001",
  tenantId: "fe79f7dd-b6d4-4a92-ba7b-538af6289c58",
  tenantType: "ORGANISATION",
  tenantName: "Demo Company (NZ)",
  createdDateUtc: "2019-12-07T18:46:19.5165400",
  updatedDateUtc: "2019-12-07T18:46:19.5187840",
};

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

describe("asking whether a token is still taken", () => {
  const probe = async (origin: string, provider: Provider = xero) =>
    await open().probe(provider, endpointsAt(origin), TOKEN);

  it("is a call to the provider's list, and tells status, challenge and words, never the token", async () => {
    const { origin, heard } = await serve((request, response) => {
      const detail = `AuthenticationUnsuccessful ${request.headers.authorization}`;
      response.writeHead(401, { "www-authenticate": `Bearer error="invalid_token", said="${TOKEN.reveal()}"` });
      response.end(JSON.stringify({ Detail: detail }));
    });
    expect(await probe(origin)).toEqual({
      kind: "answered",
      status: 401,
      challenge: 'Bearer error="invalid_token", said="[token]"',
      said: "AuthenticationUnsuccessful Bearer [token]",
    });
    expect(heard).toEqual([`GET /connections Bearer ${TOKEN.reveal()}`]);
  });

  it("is the provider's example call where it has no list", async () => {
    const { origin, heard } = await serve((_request, response) => response.end("{}"));
    expect(await probe(origin, xeroCustomConnection)).toMatchObject({ kind: "answered", status: 200, challenge: null });
    expect(heard).toEqual([`GET ${xeroCustomConnection.examplePath} Bearer ${TOKEN.reveal()}`]);
  });

  it("cannot be done where the provider has neither, or nobody answers", async () => {
    const mute = { ...xeroCustomConnection, examplePath: null };
    expect((await probe("http://localhost:1", mute)).kind).toBe("unreachable");
    expect((await probe("http://localhost:1")).kind).toBe("unreachable");
  });
});

describe("the tenants of a token", () => {
  it("are listed as the provider has them, with instants in UTC", async () => {
    const { origin, heard } = await serve((_request, response) => response.end(JSON.stringify([LISTED])));
    expect(await tenants(origin)).toEqual({
      kind: "listed",
      tenants: [
        {
          id: LISTED.tenantId,
          name: "Demo Company (NZ)",
          connectionId: LISTED.id,
          consentEventId: LISTED.authEventId,
          updatedAtMs: Date.UTC(2019, 11, 7, 18, 46, 19, 518),
        },
      ],
    });
    expect(heard).toEqual([`GET /connections Bearer ${TOKEN.reveal()}`]);
  });

  it("may be none", async () => {
    const { origin } = await serve((_request, response) => response.end("[]"));
    expect(await tenants(origin)).toEqual({ kind: "listed", tenants: [] });
  });

  it("are none without a request where the provider has no list", async () => {
    expect(await tenants("http://localhost:1", xeroCustomConnection)).toEqual({ kind: "listed", tenants: [] });
  });

  it.each([401, 403])("are refused with %i, in the API's own words but never with the token", async (status) => {
    const { origin } = await serve((request, response) => {
      const detail = `TokenExpired: ${request.headers.authorization}`;
      response.writeHead(status).end(JSON.stringify({ Title: "Unauthorized", Detail: detail, Extensions: {} }));
    });
    const answer = await tenants(origin);
    expect(answer).toEqual({ kind: "refused", status, detail: "TokenExpired: Bearer [token]" });
  });

  it.each([
    [204, ""],
    [302, ""],
    [404, "{}"],
    [429, "Rate Limit Exceeded"],
    [500, "<html>"],
    [200, "<html>"],
    [200, ""],
    [200, "null"],
    [200, '{"connections":[]}'],
    [200, "[1]"],
    [200, "[null]"],
    [200, JSON.stringify([LISTED, { ...LISTED, tenantId: undefined }])],
    [200, JSON.stringify([{ ...LISTED, id: {} }])],
  ])("are not known after %i with %j", async (status, body) => {
    const { origin } = await serve((_request, response) => {
      response.writeHead(status, { location: "/elsewhere" }).end(body);
    });
    expect(await tenants(origin)).toMatchObject({ kind: "unreachable" });
  });

  it("are not known when nobody answers, or not in time, or without end", async () => {
    const stalled = await serve(() => {});
    const endless = await serve((_request, response) => {
      const more = () => response.write("x".repeat(1_000_000), () => !response.destroyed && more());
      more();
    });
    const cut = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("[", () => response.destroy());
    });
    for (const origin of ["http://localhost:1", stalled.origin, endless.origin, cut.origin])
      expect(await tenants(origin, xero, 500)).toMatchObject({ kind: "unreachable" });
  });

  it("are never asked for in clear text off this machine, nor where the API has no address", async () => {
    expect(await tenants("http://api.example.com")).toMatchObject({ kind: "unreachable" });
    const nowhere = { ...endpointsAt("https://x"), apiOrigins: [] };
    expect(await open().tenants(xero, nowhere, TOKEN)).toMatchObject({ kind: "unreachable" });
  });

  it("never make it throw, whatever the body", async () => {
    let body = "";
    const { origin } = await serve((_request, response) => response.end(body));
    const api = open();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc
            .array(fc.dictionary(fc.constantFrom(...Object.keys(LISTED)), fc.jsonValue()))
            .map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        async (text) => {
          body = text;
          const answer = await api.tenants(xero, endpointsAt(origin), TOKEN);
          expect(["listed", "unreachable"]).toContain(answer.kind);
          expect(inspect(answer)).not.toContain(TOKEN.reveal());
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a list that another provider writes", () => {
  const listed = async (id: string, answer: unknown) => {
    const { origin, heard } = await serve((_request, response) => response.end(JSON.stringify(answer)));
    const found = await tenants(origin, PROVIDERS.get(id) ?? expect.unreachable());
    return { found: found.kind === "listed" ? found.tenants.map((tenant) => [tenant.id, tenant.name]) : found, heard };
  };

  it.each([
    ["sage-accounting", { $total: 1, $items: [{ id: "b1", displayed_as: "Books" }] }, [["b1", "Books"]]],
    [
      "zoho-books",
      { code: 0, organizations: [{ organization_id: "10234695", name: "Zillum" }] },
      [["10234695", "Zillum"]],
    ],
    ["freeagent", { company: { name: "My Company", subdomain: "mine" } }, [["mine", "My Company"]]],
    ["hubspot", { portalId: 62515, timeZone: "US/Eastern" }, [["62515", "62515"]]],
    ["gusto", { scope: "x", resource: { type: "Company", uuid: "u-1" } }, [["u-1", "u-1"]]],
    ["lightspeed-retail-r", { Account: { accountID: "7", name: "Shop" } }, [["7", "Shop"]]],
    // One site for each product, and a business without accounts.
    [
      "atlassian",
      [
        { id: "s", name: "acme" },
        { id: "s", name: "acme" },
      ],
      [["s", "acme"]],
    ],
    [
      "freshbooks",
      {
        response: {
          id: 5,
          business_memberships: [
            { id: 111, business: { id: 240340, name: "Awesome", account_id: "ABC123" } },
            { id: 112, business: { id: 240341, name: "Guest", account_id: null } },
          ],
        },
      },
      [["ABC123", "Awesome"]],
    ],
  ])("is read where it lies: %s", async (id, answer, expected) => {
    expect((await listed(id, answer)).found).toEqual(expected);
  });

  it.each([
    ["sage-accounting", { items: [] }],
    ["sage-accounting", { $items: "none" }],
    ["sage-accounting", { $items: [{ displayed_as: "without an id" }] }],
    ["hubspot", []],
    ["hubspot", null],
    ["freshbooks", { response: null }],
    ["xero", { tenantId: "one", id: "c" }],
  ])("is not believed in another form: %s %j", async (id, answer) => {
    expect((await listed(id, answer)).found).toMatchObject({ kind: "unreachable" });
  });
});

describe("who gave a token", () => {
  const subject = (origin: string, id: string) =>
    open().subject(PROVIDERS.get(id) ?? expect.unreachable(), endpointsAt(origin), TOKEN);

  it("is what the API says where the provider's data say so", async () => {
    const { origin, heard } = await serve((_request, response) =>
      response.end('{"account_id":"5b10ac8d82e05b22cc7d4ef5"}'),
    );
    expect(await subject(origin, "atlassian")).toBe("5b10ac8d82e05b22cc7d4ef5");
    expect(heard).toEqual([`GET /me Bearer ${TOKEN.reveal()}`]);
    expect(await subject(origin, "xero")).toBeNull();
    expect(heard).toHaveLength(1);
  });

  it.each([
    [401, '{"account_id":"a"}'],
    [200, "{}"],
    [200, '{"account_id":{}}'],
    [200, "<html>"],
    [302, '{"account_id":"a"}'],
  ])("is nobody after %i with %s", async (status, body) => {
    const { origin } = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await subject(origin, "atlassian")).toBeNull();
  });
});

describe("an instant", () => {
  it.each([
    ["2019-12-07T18:46:19.5165400", Date.UTC(2019, 11, 7, 18, 46, 19, 516)],
    ["2019-12-07T18:46:19", Date.UTC(2019, 11, 7, 18, 46, 19)],
    ["2019-12-07T18:46:19.5", Date.UTC(2019, 11, 7, 18, 46, 19, 500)],
    ["2019-12-07T18:46:19Z", Date.UTC(2019, 11, 7, 18, 46, 19)],
    ["2019-12-07T18:46:19+13:00", Date.UTC(2019, 11, 7, 5, 46, 19)],
    ["2019-13-07T18:46:19", null],
    ["yesterday", null],
    ["/Date(1575744379516)/", null],
    [1575744379516, null],
    [null, null],
  ])("%j is %j", (text, expected) => expect(readInstantMs(text)).toBe(expected));
});

describe("deleting a connection", () => {
  it.each([
    [204, "gone"],
    [200, "gone"],
    [404, "gone"],
    [403, "failed"],
    [302, "failed"],
    [500, "failed"],
  ] as const)("answered with %i is %s", async (status, expected) => {
    const { origin, heard } = await serve((_request, response) => response.writeHead(status).end());
    expect(await remove(origin, LISTED.id)).toBe(expected);
    expect(heard).toEqual([`DELETE /connections/${LISTED.id} Bearer ${TOKEN.reveal()}`]);
  });

  it.each(["", "..", "../api.xro", "a/b", "a?b", "a#b", "%2e%2e"])("sends nothing for the id %j", async (id) => {
    const { origin, heard } = await serve((_request, response) => response.end());
    expect(await remove(origin, id)).toBe("failed");
    expect(heard).toEqual([]);
  });

  it("fails where the provider has nothing to delete, or nobody answers", async () => {
    expect(await remove("http://localhost:1", LISTED.id)).toBe("failed");
    expect(await remove("http://localhost:1", LISTED.id, xeroCustomConnection)).toBe("failed");
  });
});

describe("discovery", () => {
  const metadata = (issuer: string) => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
  });

  it("asks where RFC 8414 says first, and then where OpenID Connect does", async () => {
    expect(metadataAddresses("https://id.example.com")).toEqual([
      "https://id.example.com/.well-known/oauth-authorization-server",
      "https://id.example.com/.well-known/openid-configuration",
    ]);
    expect(metadataAddresses("https://id.example.com/realms/one/")).toEqual([
      "https://id.example.com/.well-known/oauth-authorization-server/realms/one",
      "https://id.example.com/realms/one/.well-known/openid-configuration",
    ]);
  });

  it.each(["oauth-authorization-server", "openid-configuration"])("finds endpoints at %s", async (place) => {
    const server = await serve((request, response) => {
      if (request.url !== `/.well-known/${place}`) response.writeHead(404).end();
      else response.end(JSON.stringify(metadata(server.origin)));
    });
    expect(await open().discover(server.origin)).toEqual({
      issuer: server.origin,
      authorization: `${server.origin}/authorize`,
      token: `${server.origin}/token`,
      revocation: `${server.origin}/revoke`,
      apiOrigins: [],
    });
  });

  it.each([
    [["client_secret_post", "private_key_jwt"], "client_secret_post"],
    [["client_secret_post", "client_secret_basic"], "client_secret_basic"],
    [["private_key_jwt"], undefined],
    [undefined, undefined],
  ])("takes the client authentication that the server takes: %j", async (methods, expected) => {
    const server = await serve((_request, response) =>
      response.end(JSON.stringify({ ...metadata(server.origin), token_endpoint_auth_methods_supported: methods })),
    );
    expect((await open().discover(server.origin))?.clientAuthentication).toBe(expected);
  });

  it("does without a revocation endpoint", async () => {
    const server = await serve((_request, response) =>
      response.end(JSON.stringify({ ...metadata(server.origin), revocation_endpoint: undefined })),
    );
    expect(await open().discover(server.origin)).toMatchObject({ revocation: null });
  });

  it("notes the promise that every answer to an authorize request names its issuer (RFC 9207 §3)", async () => {
    const server = await serve((_request, response) =>
      response.end(
        JSON.stringify({ ...metadata(server.origin), authorization_response_iss_parameter_supported: true }),
      ),
    );
    expect(await open().discover(server.origin)).toMatchObject({ issuerInAnswer: true });
  });

  it.each([
    ["another issuer", { issuer: "https://id.example.com" }],
    ["a token endpoint in clear text", { token_endpoint: "http://id.example.com/token" }],
    ["a script as authorization endpoint", { authorization_endpoint: "javascript:alert(1)" }],
    ["no token endpoint", { token_endpoint: undefined }],
    ["a revocation endpoint in clear text", { revocation_endpoint: "http://id.example.com/revoke" }],
    ["more than metadata is long", { padding: "x".repeat(100_000) }],
  ])("believes no document with %s", async (_what, change) => {
    const server = await serve((_request, response) =>
      response.end(JSON.stringify({ ...metadata(server.origin), ...change })),
    );
    expect(await open().discover(server.origin)).toBeNull();
  });

  it("does not take a trailing slash for the same issuer", async () => {
    const server = await serve((_request, response) => response.end(JSON.stringify(metadata(`${server.origin}/`))));
    expect(await open().discover(server.origin)).toBeNull();
  });

  it("follows no redirect", async () => {
    const real = await serve((_request, response) => response.end(JSON.stringify(metadata(server.origin))));
    const server = await serve((_request, response) => response.writeHead(302, { location: real.origin }).end());
    expect(await open().discover(server.origin)).toBeNull();
    expect(real.heard).toEqual([]);
  });

  it.each([
    "",
    "nonsense",
    "http://id.example.com",
    "https://user@id.example.com",
    "https://id.example.com/?a",
    "file:///etc",
  ])("asks nobody for the issuer %j", async (issuer) => {
    expect(metadataAddresses(issuer)).toEqual([]);
    expect(await open().discover(issuer)).toBeNull();
  });
});

function open(requestTimeoutMs = 10_000) {
  const api = httpProviderApi({ time: realTime(), limits: { requestTimeoutMs } });
  cleanups.push(() => api.close());
  return api;
}

function endpointsAt(origin: string): ResolvedEndpoints {
  return { issuer: origin, authorization: origin, token: origin, revocation: null, apiOrigins: [origin] };
}

function tenants(origin: string, provider: Provider = xero, timeoutMs?: number) {
  return open(timeoutMs).tenants(provider, endpointsAt(origin), TOKEN);
}

function remove(origin: string, connectionId: string, provider: Provider = xero) {
  return open().deleteConnection(provider, endpointsAt(origin), { connectionId, accessToken: TOKEN });
}

async function serve(listener: RequestListener) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
    listener(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0);
  await once(server, "listening");
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, heard };
}
