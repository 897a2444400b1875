import { EvergrantError } from "@evergrant/core";
import * as client from "openid-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tokenOf } from "../testing/fake-keeper.ts";
import { askAs, basic, startWorld, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const grant = { grant_type: "client_credentials" };
const me = basic("nightly", "s3cret");
const shared = { path: "/oauth2/token", headers: me };

describe("a foreign OAuth client", () => {
  for (const algorithm of ["oidc", "oauth2"] as const)
    it(`discovers a connection's issuer (${algorithm}) and gets a token with an id and a secret`, async () => {
      const issuer = new URL(`${world.server.urls.public}/connections/acme`);
      const config = await client.discovery(issuer, "nightly", "s3cret", undefined, {
        algorithm,
        execute: [client.allowInsecureRequests],
      });
      const answer = await client.clientCredentialsGrant(config);
      expect(answer.access_token).toBe("access-token-of-acme");
      expect(answer.expires_in).toBe(1234);
    });

  it("gets one through the shared endpoint by naming the resource", async () => {
    const config = new client.Configuration(
      { issuer: world.server.urls.public, token_endpoint: `${world.server.urls.public}/oauth2/token` },
      "nightly",
      "s3cret",
      client.ClientSecretBasic("s3cret"),
    );
    client.allowInsecureRequests(config);
    const answer = await client.clientCredentialsGrant(config, {
      resource: `${world.server.urls.public}/connections/acme`,
    });
    expect(answer.access_token).toBe("access-token-of-acme");
  });
});

describe("a token answer", () => {
  it("says what really remains, the scope and the organisations, and may not be stored", async () => {
    const answer = await world.token(grant, { headers: me });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    expect(await answer.json()).toEqual({
      access_token: "access-token-of-acme",
      token_type: "Bearer",
      expires_in: 1234,
      scope: "offline_access books.read",
      tenants: [{ id: "t-1", name: "Demo Company (NZ)" }],
    });
  });

  it("never promises a negative life", async () => {
    world.keeper.answer = (name) => ({ ...tokenOf(name), expiresInMs: -5 });
    const answer = await world.token(grant, { headers: me });
    expect(await answer.json()).toMatchObject({ expires_in: 0 });
  });

  it("is asked with the caller's wish for a minimum life, in milliseconds", async () => {
    await world.token({ ...grant, min_ttl: "300" }, { headers: me });
    await world.token(grant, { headers: me });
    expect(world.keeper.tokenRequests.map(({ minTtlMs }) => minTtlMs)).toEqual([300_000, undefined]);
  });
});

describe("evidence that the API refused a token", () => {
  const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const evidence = (value: string) => world.token({ ...grant, refused_token_sha256: value }, { headers: me });

  it.each([
    ["hex", hex],
    ["hex in capitals", hex.toUpperCase()],
    ["base64url", Buffer.from(hex, "hex").toString("base64url")],
  ])("is its SHA-256, in %s", async (_form, value) => {
    expect((await evidence(value)).status).toBe(200);
    expect(world.keeper.tokenRequests.map(({ refusedSha256 }) => refusedSha256)).toEqual([hex]);
  });

  it.each(["abc", `${hex}00`, "access-token-of-acme", "!".repeat(43)])(
    "is refused in any other form: %s",
    async (value) => {
      const answer = await evidence(value);
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { error: "invalid_request", code: "request_malformed" },
      ]);
      expect(world.keeper.tokenRequests).toEqual([]);
    },
  );
});

describe("naming the connection", () => {
  const ask = (more: Record<string, string> | string, path = "/oauth2/token") =>
    world.token(typeof more === "string" ? `grant_type=client_credentials&${more}` : { ...grant, ...more }, {
      path,
      headers: me,
    });
  const codeOf = async (answer: Response) => ((await answer.json()) as { code?: string }).code ?? answer.status;
  const resource = (name: string) => `${world.server.urls.public}/connections/${name}`;

  it("works by resource, audience (URL or name) and scope", async () => {
    for (const more of [
      { resource: resource("acme") },
      { audience: resource("acme") },
      { audience: "acme" },
      { scope: "connection:acme" },
      { scope: "connection:acme", audience: "acme", resource: resource("acme") },
    ])
      expect(await codeOf(await ask(more))).toBe(200);
  });

  it("is never guessed", async () => {
    expect(await codeOf(await ask({}))).toBe("connection_not_named");
    expect(await codeOf(await ask({ resource: "" }))).toBe("connection_not_named");
  });

  it("refuses names that disagree", async () => {
    expect(await codeOf(await ask({ audience: "acme", scope: "connection:other" }))).toBe("connection_names_disagree");
    expect(await codeOf(await ask({ audience: "other" }, "/connections/acme/oauth2/token"))).toBe(
      "connection_names_disagree",
    );
  });

  it("refuses other scopes", async () => {
    expect(await codeOf(await ask({ scope: "books.read", audience: "acme" }))).toBe("scope_unknown");
  });

  it("answers unknown, forbidden, several and impossible names with the same bytes, after the same questions", async () => {
    const answers: string[] = [];
    for (const more of [
      { resource: resource("nobody") },
      { resource: resource("other") },
      { audience: "other" },
      { scope: "connection:acme connection:other" },
      { resource: "https://elsewhere.example/connections/acme" },
      { resource: `${resource("acme")}/` },
      { audience: "NOT A NAME" },
      `resource=${encodeURIComponent(resource("acme"))}&resource=${encodeURIComponent(resource("other"))}`,
    ]) {
      world.keeper.permissionQuestions.length = 0;
      const answer = await ask(more);
      const headers = [...answer.headers].filter(([name]) => name !== "x-request-id" && name !== "date");
      answers.push(
        JSON.stringify([answer.status, headers, await answer.text(), world.keeper.permissionQuestions.length]),
      );
    }
    for (const path of [
      "/connections/nobody/oauth2/token",
      "/connections/other/oauth2/token",
      "/connections/N%20O/oauth2/token",
    ]) {
      world.keeper.permissionQuestions.length = 0;
      const answer = await ask({}, path);
      const headers = [...answer.headers].filter(([name]) => name !== "x-request-id" && name !== "date");
      answers.push(
        JSON.stringify([answer.status, headers, await answer.text(), world.keeper.permissionQuestions.length]),
      );
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("invalid_target");
    expect(world.keeper.tokenRequests).toEqual([]);
  });

  it("gives that same answer when the keeper finds the connection gone", async () => {
    const forbidden = await (await ask({ audience: "other" })).text();
    world.keeper.answer = () => new EvergrantError("connection_not_available", { detail: "removed just now" });
    expect(await (await ask({ audience: "acme" })).text()).toBe(forbidden);
  });
});

describe("caller authentication", () => {
  it("takes the secret from the body too", async () => {
    const answer = await world.token({ ...grant, client_id: "nightly", client_secret: "s3cret" });
    expect(answer.status).toBe(200);
  });

  it("decodes odd characters of the Basic header as a form does", async () => {
    const id = "a:b+c d/é%";
    const secret = 'p@ss:w&rd=+% "ü"';
    world.keeper.plantCaller(id, secret, [{ connection: "acme", right: "token" }]);
    expect((await world.token(grant, { headers: basic(id, secret) })).status).toBe(200);
  });

  it("challenges whoever is wrong, missing, malformed or of another scheme", async () => {
    for (const headers of [
      {},
      basic("nightly", "wrong"),
      basic("nobody", "s3cret"),
      { authorization: "Basic !!!" },
      { authorization: `Basic ${Buffer.from("%zz:x").toString("base64")}` },
      { authorization: `Basic ${Buffer.from("no-colon").toString("base64")}` },
      { authorization: "Bearer s3cret" },
    ] as Record<string, string>[]) {
      const answer = await world.token(grant, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
      expect(await answer.json()).toMatchObject({ error: "invalid_client", code: "caller_authentication_failed" });
    }
  });

  it("refuses two ways at once, and takes the same client_id beside the header", async () => {
    for (const more of [{ client_secret: "s3cret" }, { client_id: "somebody" }, { client_assertion: "x" }]) {
      const answer = await world.token({ ...grant, ...more } as Record<string, string>, { headers: me });
      expect([answer.status, (await answer.json()).code]).toEqual([400, "caller_authentication_ambiguous"]);
    }
    expect((await world.token({ ...grant, client_id: "nightly" }, { headers: me })).status).toBe(200);
  });

  it("shuts a disabled caller out", async () => {
    await world.keeper.callers.setDisabled("nightly" as never, true, "test");
    expect((await world.token(grant, { headers: me })).status).toBe(401);
  });
});

describe("refusals", () => {
  const refused = async (error: EvergrantError) => {
    world.keeper.answer = () => error;
    const answer = await world.token(grant, { headers: me });
    return { status: answer.status, retryAfter: answer.headers.get("retry-after"), body: await answer.json() };
  };

  it("say when to try again", async () => {
    const waiting = await refused(new EvergrantError("token_not_ready", { retryAfterMs: 1_200 }));
    expect(waiting).toMatchObject({
      status: 503,
      retryAfter: "2",
      body: { error: "temporarily_unavailable", code: "token_not_ready" },
    });
    const unsaid = await refused(new EvergrantError("provider_unreachable", { detail: 'said "no"' }));
    expect(unsaid.retryAfter).toBe("5");
    expect(unsaid.body.error_description).toContain("(said ?no?)");
  });

  it("show the consent link only to callers that may know it", async () => {
    world.keeper.remember({ ...world.keeper.named("acme"), status: "consent-needed" });
    const without = await refused(new EvergrantError("consent_required"));
    expect([without.status, without.body.error, without.body.consent_url]).toEqual([
      400,
      "consent_required",
      undefined,
    ]);
    await world.keeper.callers.setPermissions(
      "nightly" as never,
      [
        { connection: "acme", right: "token" },
        { connection: "acme", right: "consent" },
      ],
      "test",
    );
    const withRight = await refused(new EvergrantError("consent_required"));
    expect(withRight.body.consent_url).toMatch(/^http:\/\/localhost:\d+\/consent\//);
  });

  it("stand without a link where there is none to give", async () => {
    await world.keeper.callers.setPermissions(
      "nightly" as never,
      [
        { connection: "acme", right: "token" },
        { connection: "acme", right: "consent" },
      ],
      "test",
    );
    const refusal = await refused(new EvergrantError("consent_required"));
    expect([refusal.status, "consent_url" in refusal.body]).toEqual([400, false]);
  });

  it("cover bad requests, each with its code", async () => {
    const form = "application/x-www-form-urlencoded";
    const cases: [string, Record<string, string>, number, string][] = [
      ["grant_type=client_credentials&grant_type=client_credentials", {}, 400, "request_malformed"],
      ["grant_type=client_credentials&foo=1&foo=2", {}, 400, "request_malformed"],
      ["", {}, 400, "request_malformed"],
      ["grant_type=password", {}, 400, "grant_type_unsupported"],
      ["grant_type=client_credentials&min_ttl=soon", {}, 400, "request_malformed"],
      [`x=${"y".repeat(9_000)}`, {}, 413, "body_too_large"],
      ['{"grant_type":"client_credentials"}', { "content-type": "application/json" }, 415, "media_type_unsupported"],
    ];
    for (const [body, headers, status, code] of cases) {
      const answer = await world.token(body, { headers: { "content-type": form, ...me, ...headers } });
      expect([answer.status, (await answer.json()).code]).toEqual([status, code]);
    }
  });

  it("name the one method that is served", async () => {
    for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const answer = await world.ask(shared.path, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
  });
});

describe("metadata", () => {
  it("comes from the configured public URL, never from the Host header, and for every possible name", async () => {
    const read = async (name: string) => {
      const answer = await askAs(world, "evil.example", `/connections/${name}/.well-known/openid-configuration`);
      return { status: answer.status, body: JSON.parse(answer.text) };
    };
    const acme = await read("acme");
    expect(acme.body).toEqual({
      issuer: `${world.server.urls.public}/connections/acme`,
      token_endpoint: `${world.server.urls.public}/connections/acme/oauth2/token`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(["RS256", "ES256", "EdDSA"]),
      response_types_supported: [],
      scopes_supported: ["connection:acme"],
    });
    // Nothing that needs no key pair: whoever has seen a public key, or nothing, could sign with it.
    const algorithms: string[] = acme.body.token_endpoint_auth_signing_alg_values_supported;
    expect(algorithms.filter((algorithm) => /^(HS|none)/i.test(algorithm))).toEqual([]);
    const nobody = await read("nobody");
    expect(JSON.stringify(nobody).replaceAll("nobody", "acme")).toBe(JSON.stringify(acme));
    expect((await read("No%20Name")).status).toBe(404);
    for (const place of ["oauth-authorization-server", "openid-configuration"]) {
      const shared = JSON.parse((await askAs(world, "evil.example", `/.well-known/${place}`)).text);
      const { public: issuer } = world.server.urls;
      expect(shared).toEqual({ ...acme.body, issuer, token_endpoint: `${issuer}/oauth2/token`, scopes_supported: [] });
    }
  });
});
