import { createHash } from "node:crypto";
import * as oidc from "openid-client";
import { expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, SandboxError } from "./index.ts";
import { aPerson } from "./testing/person.ts";

const redirectUri = "http://localhost:4180/callback";
const scope = "openid profile email accounting.settings accounting.contacts.read offline_access";

test("openid-client discovers the sandbox, gets tokens for a person's consent, refreshes and calls the API", async () => {
  await using sandbox = await createSandbox();
  const config = await oidc.discovery(new URL(sandbox.urls.identity), DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, undefined, {
    execute: [oidc.allowInsecureRequests],
  });
  const verifier = oidc.randomPKCECodeVerifier();
  const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state: "s1",
    nonce: "n1",
    code_challenge,
    code_challenge_method: "S256",
  });
  const callback = await aPerson("jane@demo.example").consents(url.href, "Demo Company (NZ)");
  const tokens = await oidc.authorizationCodeGrant(config, callback, {
    expectedState: "s1",
    expectedNonce: "n1",
    pkceCodeVerifier: verifier,
  });
  expect(tokens.claims()).toMatchObject({
    iss: sandbox.urls.identity,
    aud: DEMO_CLIENT_ID,
    email: "jane@demo.example",
  });
  expect((tokens.claims()?.exp ?? 0) - (tokens.claims()?.iat ?? 0)).toBe(300);

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? "");
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
  expect(refreshed.expires_in).toBe(1800);
  expect(refreshed.scope).toBe(scope);

  const headers = { authorization: `Bearer ${refreshed.access_token}`, accept: "application/json" };
  const connections = (await (await fetch(`${sandbox.urls.api}/connections`, { headers })).json()) as {
    tenantId: string;
    createdDateUtc: string;
    tenantName: string;
  }[];
  expect(connections.map((each) => each.tenantName)).toEqual(["Demo Company (NZ)"]);
  expect(connections[0]?.createdDateUtc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}$/);
  const organisation = await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, {
    headers: { ...headers, "xero-tenant-id": connections[0]?.tenantId ?? "" },
  });
  expect(((await organisation.json()) as { Organisations: { Name: string }[] }).Organisations[0]?.Name).toBe(
    "Demo Company (NZ)",
  );
  const person = await oidc.fetchUserInfo(config, refreshed.access_token, tokens.claims()?.sub ?? "");
  expect(person).toMatchObject({ email: "jane@demo.example", given_name: "Jane" });
});

test("an access token looks like Xero's", async () => {
  await using sandbox = await createSandbox();
  const tokens = await aPerson("jane@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope });
  const [header, claims] = tokens.access_token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  expect(Object.keys(header).sort()).toEqual(["alg", "kid", "typ", "x5t"]);
  expect(header).toMatchObject({ alg: "RS256", typ: "JWT" });
  expect(header.kid).toMatch(/^[0-9A-F]{40}$/);
  expect(Buffer.from(header.x5t, "base64url").toString("hex").toUpperCase()).toBe(header.kid);
  expect(claims).toMatchObject({
    iss: sandbox.urls.identity,
    aud: `${sandbox.urls.identity}/resources`,
    client_id: DEMO_CLIENT_ID,
    scope: scope.split(" "),
  });
  expect(claims.exp - claims.nbf).toBe(1800);
  expect(claims.global_session_id).toMatch(/^[0-9a-f]{32}$/);
  expect(claims.authentication_event_id).toMatch(/^[0-9a-f-]{36}$/);
});

test("the same seed gives the same ids, another seed others", async () => {
  const idOf = async (seed: number) => {
    await using sandbox = await createSandbox({ seed });
    return [sandbox.control.users()[0]?.id, sandbox.control.createApp({ name: "x", redirectUris: [] }).clientSecret];
  };
  expect(await idOf(7)).toEqual(await idOf(7));
  expect(await idOf(7)).not.toEqual(await idOf(8));
});

test("a taken port is said so", async () => {
  await using sandbox = await createSandbox();
  const second = createSandbox({ port: sandbox.port });
  await expect(second).rejects.toThrow(SandboxError);
  await expect(second).rejects.toMatchObject({ code: "port_taken" });
});

test("a PKCE app has no secret and needs a challenge", async () => {
  await using sandbox = await createSandbox();
  const { clientId, clientSecret } = sandbox.control.createApp({
    name: "Native",
    kind: "pkce",
    redirectUris: [redirectUri],
  });
  expect(clientSecret).toBeNull();
  const jane = aPerson("jane@demo.example");
  const plain = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, response_type: "code", scope });
  expect(await (await jane.opens(`${sandbox.urls.login}/identity/connect/authorize?${plain}`)).text()).toContain(
    "Code challenge required",
  );
  const verifier = "v".repeat(43);
  plain.set("code_challenge", createHash("sha256").update(verifier).digest("base64url"));
  plain.set("code_challenge_method", "S256");
  const callback = await jane.consents(
    `${sandbox.urls.login}/identity/connect/authorize?${plain}`,
    "Demo Company (NZ)",
  );
  const ask = (code_verifier: string) =>
    fetch(`${sandbox.urls.identity}/connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: clientId,
        code: callback.searchParams.get("code") ?? "",
        redirect_uri: redirectUri,
        code_verifier,
      }),
    });
  expect((await ask("w".repeat(43))).status).toBe(400);
  expect((await ask(verifier)).status).toBe(200);
});

test("a dialect that nobody wrote is refused, and the known ones are named", async () => {
  const wrong = createSandbox({ dialect: "klingon" as "xero" });
  await expect(wrong).rejects.toMatchObject({ code: "bad_request", message: expect.stringContaining("strict") });
});
