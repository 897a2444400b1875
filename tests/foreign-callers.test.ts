import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AddedCaller, Caller, CallerAuthentication } from "@evergrant/contract";
import { exportJWK, exportPKCS8, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import * as oidc from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aWorld, DEMO_COMPANY, type TokenBody, type World } from "./kit/world.ts";

/** What is used of it here; it comes without types. */
interface SimpleOauth2 {
  readonly ClientCredentials: new (options: object) => { getToken(parameters: object): Promise<{ token: TokenBody }> };
}
const { ClientCredentials } = createRequire(import.meta.url)("simple-oauth2") as SimpleOauth2;

const run = promisify(execFile);
const here = join(import.meta.dirname, "foreign-callers");
const found = (command: string, args: readonly string[]) => spawnSync(command, args).status === 0;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

let world: World;
let issuer = "";
const pair = await generateKeyPair("ES256", { extractable: true });
const publicKey = { ...(await exportJWK(pair.publicKey)), kid: "night-1" };

beforeAll(async () => {
  world = await aWorld();
  await world.connected();
  issuer = `${world.url}/connections/acme`;
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const permissions = [{ connection: "acme", right: "token" }];
let callers = 0;

/** A caller without a secret, who shows who it is in one of the other ways. */
async function aSecretless(authentication: Partial<CallerAuthentication>): Promise<Caller> {
  callers += 1;
  return await world.admin.post<Caller>("/callers/secretless", {
    ...{ name: `secretless-${callers}`, permissions, authentication },
  });
}

async function aCallerWith(authentication: Partial<CallerAuthentication>): Promise<AddedCaller> {
  callers += 1;
  return await world.admin.post<AddedCaller>("/callers", { name: `caller-${callers}`, permissions, authentication });
}

interface Asked {
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

async function ask({ form = {}, headers = {}, path = "/connections/acme/oauth2/token" }: Asked) {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...form });
  const response = await fetch(`${world.url}${path}`, { method: "POST", headers, body });
  const answer = (await response.json()) as TokenBody & { readonly error_description?: string };
  return { status: response.status, answer, headers: response.headers };
}

const assertionForm = (assertion: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, ...more },
});

const nowSeconds = () => Math.floor(Date.now() / 1000);

async function sign(clientId: string, more: JWTPayload = {}): Promise<string> {
  const now = nowSeconds();
  const own = { iss: clientId, sub: clientId, aud: issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 };
  return await new SignJWT({ ...own, ...more })
    .setProtectedHeader({ alg: "ES256", kid: publicKey.kid })
    .sign(pair.privateKey);
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

/** What a foreign program is told of us, and of the API. */
const surroundings = (more: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env["PATH"] ?? "",
  ISSUER: issuer,
  API: world.sandbox.urls.api,
  CLIENT_ID: world.caller.clientId,
  CLIENT_SECRET: world.caller.clientSecret,
  ...more,
});

describe("a foreign caller gets a token and calls the API", () => {
  test.each([
    ["client_secret_basic", (secret: string) => oidc.ClientSecretBasic(secret)],
    ["client_secret_post", (secret: string) => oidc.ClientSecretPost(secret)],
  ])("openid-client by %s", async (_, authentication) => {
    const { clientId, clientSecret } = world.caller;
    expect(await throughOpenidClient(clientId, authentication(clientSecret))).toBe(DEMO_COMPANY);
  });

  test("openid-client by private_key_jwt, as the metadata says that it may", async () => {
    const { id } = await aSecretless({ keys: { kind: "keys", keys: [publicKey] } });
    const authentication = oidc.PrivateKeyJwt({ key: pair.privateKey, kid: publicKey.kid });
    expect(await throughOpenidClient(id, authentication)).toBe(DEMO_COMPANY);
  });

  test("simple-oauth2", async () => {
    const { clientId, clientSecret } = world.caller;
    const client = new ClientCredentials({
      client: { id: clientId, secret: clientSecret },
      auth: { tokenHost: world.url, tokenPath: "/connections/acme/oauth2/token" },
    });
    const { token } = await client.getToken({});
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("curl", async ({ skip }) => {
    if (!found("curl", ["--version"])) return skip("curl is not on this machine");
    const { clientId, clientSecret } = world.caller;
    const args = ["-sS", "--fail-with-body", "-u", `${clientId}:${clientSecret}`];
    const asked = await run("curl", [...args, "-d", "grant_type=client_credentials", `${issuer}/oauth2/token`]);
    const token = JSON.parse(asked.stdout) as TokenBody;
    const fields = [
      `authorization: Bearer ${token.access_token}`,
      `xero-tenant-id: ${token.tenants?.[0]?.id}`,
      "accept: application/json",
    ].flatMap((field) => ["-H", field]);
    const called = await run("curl", ["-sS", ...fields, `${world.sandbox.urls.api}/api.xro/2.0/Organisation`]);
    expect(JSON.parse(called.stdout)).toMatchObject({ Organisations: [{ Name: DEMO_COMPANY }] });
  });

  test("Python with its standard library", async ({ skip }) => {
    if (!found("python3", ["--version"])) return skip("python3 is not on this machine");
    const { stdout } = await run("python3", [join(here, "caller.py")], { env: surroundings() });
    expect(stdout.trim()).toBe(DEMO_COMPANY);
  });

  test("Python with Authlib, by secret and by key pair", async ({ skip }) => {
    if (!found("python3", ["-c", "import authlib, requests"]))
      return skip("python3 with authlib is not on this machine");
    // It signs with RSA keys alone.
    const rsa = await generateKeyPair("RS256", { extractable: true });
    const { id } = await aSecretless({ keys: { kind: "keys", keys: [{ ...(await exportJWK(rsa.publicKey)) }] } });
    const key = { CLIENT_ID: id, PRIVATE_KEY: await exportPKCS8(rsa.privateKey) };
    for (const env of [surroundings(), surroundings(key)]) {
      const { stdout } = await run("python3", [join(here, "authlib_caller.py")], { env });
      expect(stdout.trim()).toBe(DEMO_COMPANY);
    }
  });

  test("Newman with a collection that authorises by OAuth 2.0 client credentials", async () => {
    const { clientId, clientSecret } = world.caller;
    const values = { clientId, clientSecret, issuer, api: world.sandbox.urls.api, organisation: DEMO_COMPANY };
    const set = Object.entries(values).flatMap(([name, value]) => ["--env-var", `${name}=${value}`]);
    const newman = join(import.meta.dirname, "../node_modules/newman/bin/newman.js");
    const collection = join(here, "client-credentials.postman.json");
    // It ends with the number of what failed.
    const { stdout } = await run(process.execPath, [newman, "run", collection, "--bail", "--color", "off", ...set]);
    expect(stdout).toMatch(/assertions\s*│\s*2\s*│\s*0/);
  });
});

async function throughOpenidClient(clientId: string, authentication: oidc.ClientAuth): Promise<string | undefined> {
  const options = { execute: [oidc.allowInsecureRequests] };
  const configuration = await oidc.discovery(new URL(issuer), clientId, undefined, authentication, options);
  const token = await oidc.clientCredentialsGrant(configuration);
  const tenants = token["tenants"] as TokenBody["tenants"];
  const answer = await oidc.fetchProtectedResource(
    configuration,
    token.access_token,
    new URL(`${world.sandbox.urls.api}/api.xro/2.0/Organisation`),
    "GET",
    undefined,
    new Headers({ "xero-tenant-id": tenants?.[0]?.id ?? "", accept: "application/json" }),
  );
  const body = (await answer.json()) as { Organisations?: { Name: string }[] };
  return body.Organisations?.[0]?.Name;
}

describe("an assertion", () => {
  test("works once, for this issuer alone, and tells who holds the key what is wrong with it", async () => {
    const { id } = await aSecretless({ keys: { kind: "keys", keys: [publicKey] } });
    const assertion = await sign(id);
    expect((await ask({ form: assertionForm(assertion) })).status).toBe(200);
    const again = await ask({ form: assertionForm(assertion) });
    expect([again.status, again.answer.code]).toEqual([401, "caller_assertion_replayed"]);
    expect(again.headers.get("www-authenticate")).toContain("Basic");
    for (const aud of [[issuer], [issuer, "https://other.example"], `${issuer}/oauth2/token`, world.url]) {
      const { status, answer } = await ask({ form: assertionForm(await sign(id, { aud })) });
      expect([status, answer.code, answer.error]).toEqual([401, "caller_assertion_refused", "invalid_client"]);
      expect(answer.error_description).toContain(issuer);
    }
  });

  test("is for the deployment at the shared token endpoint", async () => {
    const { id } = await aSecretless({ keys: { kind: "keys", keys: [publicKey] } });
    const path = "/oauth2/token";
    const form = { resource: issuer };
    const own = await ask({ path, form: { ...form, ...assertionForm(await sign(id, { aud: world.url })) } });
    expect(own.status).toBe(200);
    const other = await ask({ path, form: { ...form, ...assertionForm(await sign(id)) } });
    expect(other.answer.code).toBe("caller_assertion_refused");
  });

  test("is no way round a secret, nor a secret round it, nor both together", async () => {
    const keyed = await aSecretless({ keys: { kind: "keys", keys: [publicKey] } });
    const { clientId, clientSecret } = world.caller;
    const downgrades: readonly (readonly [Asked, string])[] = [
      [{ headers: basic(keyed.id, "") }, "caller_authentication_failed"],
      [{ headers: basic(keyed.id, JSON.stringify(publicKey)) }, "caller_authentication_failed"],
      [{ form: { client_id: keyed.id, client_secret: "x" } }, "caller_authentication_failed"],
      [{ form: { client_id: keyed.id } }, "caller_authentication_failed"],
      // Its key is not registered here.
      [{ form: assertionForm(await sign(clientId)) }, "caller_authentication_failed"],
      [
        { headers: basic(clientId, clientSecret), form: assertionForm(await sign(keyed.id)) },
        "caller_authentication_ambiguous",
      ],
      [
        { form: assertionForm(await sign(keyed.id), { client_id: clientId, client_secret: clientSecret }) },
        "caller_authentication_ambiguous",
      ],
      [
        { headers: basic(clientId, clientSecret), form: { client_secret: clientSecret } },
        "caller_authentication_ambiguous",
      ],
      [{ form: { client_assertion: await sign(keyed.id) } }, "request_malformed"],
      [{ form: { client_assertion_type: ASSERTION_TYPE } }, "request_malformed"],
    ];
    for (const [asked, code] of downgrades) expect((await ask(asked)).answer.code).toBe(code);
  });
});

describe("a workload", () => {
  test("shows the identity that its platform issued, with keys found by the issuer's metadata", async () => {
    const platform = await generateKeyPair("RS256");
    const jwks = { keys: [{ ...(await exportJWK(platform.publicKey)), kid: "p-1" }] };
    const server = createServer((request, response) => {
      const metadata = { issuer: origin, jwks_uri: `${origin}/jwks` };
      response.end(JSON.stringify(request.url === "/jwks" ? jwks : metadata));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const keys = { kind: "discovery" } as const;
    const audience = world.url;
    const { id } = await aSecretless({
      workloads: [
        {
          ...{ kind: "github-actions", issuer: origin, audience, keys },
          ...{ repositoryId: "42", ownerId: "7", claims: { ref: "refs/heads/main" } },
        },
      ],
    });
    const identity = async (more: JWTPayload = {}) =>
      await new SignJWT({
        ...{ iss: origin, aud: audience, sub: "repo:acme/books:ref:refs/heads/main", exp: nowSeconds() + 300 },
        ...{ repository_id: "42", repository_owner_id: "7", ref: "refs/heads/main", ...more },
      })
        .setProtectedHeader({ alg: "RS256", kid: "p-1", typ: "JWT" })
        .sign(platform.privateKey);
    const token = await identity();
    for (let n = 0; n < 2; n += 1)
      expect((await ask({ form: assertionForm(token, { client_id: id }) })).status).toBe(200);
    expect((await ask({ form: assertionForm(token) })).answer.code).toBe("request_malformed");
    for (const more of [{ repository_owner_id: "8" }, { ref: "refs/heads/other" }, { aud: "https://other.example" }]) {
      const { answer } = await ask({ form: assertionForm(await identity(more), { client_id: id }) });
      expect(answer.code).toBe("caller_assertion_refused");
    }
    server.close();
    server.closeAllConnections();
    // Its keys are kept: an issuer that is away for a while stops nobody.
    expect((await ask({ form: assertionForm(await identity(), { client_id: id }) })).status).toBe(200);
  });
});

describe("an operator", () => {
  test("limits from where and how often a caller asks, at every face", async () => {
    const { clientId, clientSecret } = await aCallerWith({ networks: ["10.9.0.0/16"] });
    const headers = basic(clientId, clientSecret);
    const away = await ask({ headers });
    expect([away.status, away.answer.code]).toEqual([401, "caller_network_refused"]);
    // Nobody said that this peer is a proxy: what it claims is not believed.
    const claimed = await ask({ headers: { ...headers, "x-forwarded-for": "10.9.0.1", forwarded: "for=10.9.0.1" } });
    expect(claimed.answer.code).toBe("caller_network_refused");
    for (const path of ["/gateway/acme/api.xro/2.0/Organisation", "/forward-auth/acme"]) {
      const response = await fetch(`${world.url}${path}`, { headers });
      expect([path, response.status]).toEqual([path, 401]);
    }
    const limits = { networks: ["127.0.0.0/8", "::1/128"], requestsPerMinute: 2 };
    await world.admin.put(`/callers/${clientId}/authentication`, limits);
    expect([(await ask({ headers })).status, (await ask({ headers })).status]).toEqual([200, 200]);
    const third = await ask({ headers });
    expect([third.status, third.answer.code, third.answer.error]).toEqual([
      ...[429, "caller_too_frequent", "temporarily_unavailable"],
    ]);
    expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("replaces a secret without a gap, and a disabled caller gets no new token while the old one lives on", async () => {
    const { clientId, clientSecret } = await aCallerWith({});
    const second = await world.admin.post<{ clientSecret: string }>(`/callers/${clientId}/secrets`);
    for (const secret of [clientSecret, second.clientSecret])
      expect((await ask({ headers: basic(clientId, secret) })).status).toBe(200);
    const { callers: all } = await world.admin.get<{ callers: Caller[] }>("/callers");
    const shown = all.find(({ id }) => id === clientId);
    expect(shown?.secrets.map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual([expect.any(Number), expect.any(Number)]);
    const oldest = shown?.secrets.at(-1)?.id ?? "";
    await world.admin.remove(`/callers/${clientId}/secrets/${oldest}`);
    expect((await ask({ headers: basic(clientId, clientSecret) })).answer.code).toBe("caller_authentication_failed");
    const { answer: held } = await ask({ headers: basic(clientId, second.clientSecret) });
    await world.admin.post(`/callers/${clientId}/disable`);
    const refused = await ask({ headers: basic(clientId, second.clientSecret) });
    expect(refused.answer.code).toBe("caller_authentication_failed");
    // A bearer token is the provider's: it is good until it expires.
    expect((await world.organisation(held)).status).toBe(200);
  });

  test("is told what is wrong with keys, workloads and networks, and none of it is kept", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const id = (await aSecretless({})).id;
    const audience = world.url;
    const oidcWorkload = { kind: "oidc", issuer: "https://idp.example", audience, subject: "job" };
    for (const wrong of [
      { keys: { kind: "keys", keys: [await exportJWK(privateKey)] } },
      { keys: { kind: "url", url: "http://idp.example/keys" } },
      { keys: { kind: "url", url: "https://169.254.169.254/latest" } },
      { keys: { kind: "file", file: "../kek.json" } },
      { workloads: [{ ...oidcWorkload, subject: "job-*" }] },
      { workloads: [{ ...oidcWorkload, issuer: "http://idp.example" }] },
      { networks: ["10.9.0.1/16"] },
    ])
      await expect(world.admin.put(`/callers/${id}/authentication`, wrong)).rejects.toThrow(
        /400.*caller_authentication_invalid/,
      );
    const { callers: all } = await world.admin.get<{ callers: Caller[] }>("/callers");
    const none = { keys: null, workloads: [], networks: null, requestsPerMinute: null };
    expect(all.find((caller) => caller.id === id)?.authentication).toEqual(none);
  });
});
