import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_REDIRECT_URI } from "../index.ts";
import { aPerson, authorizeUrl, connectedJane, postToken, refreshWith } from "../testing/person.ts";

const everything = "openid profile email accounting.settings offline_access";

test("the claims are those of Xero's tokens, no more and no fewer", async () => {
  await using sandbox = await createSandbox();
  const { access_token, id_token = "" } = await connectedJane(sandbox, everything);
  const [access, id] = [decodeJwt(access_token), decodeJwt(id_token)];
  const shared = [
    "amr",
    "aud",
    "auth_time",
    "exp",
    "global_session_id",
    "idp",
    "iss",
    "nbf",
    "sid",
    "sub",
    "xero_userid",
  ];
  expect(Object.keys(access).sort()).toEqual(
    [...shared, "authentication_event_id", "client_id", "jti", "scope"].sort(),
  );
  expect(Object.keys(id).sort()).toEqual(
    [...shared, "at_hash", "email", "family_name", "given_name", "iat", "preferred_username"].sort(),
  );
  expect(access).toMatchObject({
    iss: sandbox.urls.identity,
    aud: `${sandbox.urls.identity}/resources`,
    client_id: DEMO_CLIENT_ID,
    scope: everything.split(" "),
  });
  expect(id).toMatchObject({
    aud: DEMO_CLIENT_ID,
    sub: access.sub,
    sid: id.global_session_id,
    email: "jane@demo.example",
  });
  for (const name of ["sub", "jti", "global_session_id"]) expect(access[name]).toMatch(/^[0-9a-f]{32}$/);
  for (const name of ["xero_userid", "authentication_event_id"]) expect(access[name]).toMatch(/^[0-9a-f-]{36}$/);
});

test("userinfo gives what the token's scopes reveal, by GET and POST, and nothing without openid", async () => {
  await using sandbox = await createSandbox();
  const { access_token } = await connectedJane(sandbox, everything);
  for (const method of ["GET", "POST"]) {
    const answer = await fetch(`${sandbox.urls.identity}/connect/userinfo`, {
      method,
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(await answer.json()).toMatchObject({ sub: decodeJwt(access_token).sub, email: "jane@demo.example" });
  }
  const { access_token: plain } = await connectedJane(sandbox, "accounting.settings");
  const refused = await fetch(`${sandbox.urls.identity}/connect/userinfo`, {
    headers: { authorization: `Bearer ${plain}` },
  });
  expect(refused.status).toBe(401);
});

test("Postman's token request is understood: multipart, and an empty parameter in the query", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token } = await connectedJane(sandbox);
  const form = new FormData();
  for (const [name, value] of Object.entries({
    grant_type: "refresh_token",
    refresh_token,
    client_id: DEMO_CLIENT_ID,
    client_secret: DEMO_CLIENT_SECRET,
  }))
    form.set(name, value);
  const answer = await fetch(`${sandbox.urls.identity}/connect/token?=`, { method: "POST", body: form });
  expect(answer.status).toBe(200);
});

test.each([
  ["too short", "v".repeat(42), 400],
  ["the shortest", "v".repeat(43), 200],
  ["the longest", "v".repeat(128), 200],
  ["too long", "v".repeat(129), 400],
  ["of other characters", `${"v".repeat(50)}!`, 400],
])("a code verifier that is %s", async (_title, code_verifier, status) => {
  await using sandbox = await createSandbox();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code_verifier));
  const challenge = { code_challenge: Buffer.from(digest).toString("base64url"), code_challenge_method: "S256" };
  const callback = await aPerson("jane@demo.example").consents(authorizeUrl(sandbox, challenge), "Demo Company (NZ)");
  const code = callback.searchParams.get("code") ?? "";
  const form = { grant_type: "authorization_code", code, redirect_uri: DEMO_REDIRECT_URI, code_verifier };
  expect((await postToken(sandbox, form)).status).toBe(status);
});

test("a public client refreshes and revokes with its client id alone, and with nobody else's token", async () => {
  await using sandbox = await createSandbox();
  const { clientId: client_id } = sandbox.control.createApp({
    name: "Native",
    kind: "pkce",
    redirectUris: [DEMO_REDIRECT_URI],
  });
  const verifier = "v".repeat(43);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const challenge = { code_challenge: Buffer.from(digest).toString("base64url"), code_challenge_method: "S256" };
  const url = authorizeUrl(sandbox, { client_id, ...challenge });
  const callback = await aPerson("jane@demo.example").consents(url, "Demo Company (NZ)");
  const post = async (path: string, form: Readonly<Record<string, string>>) =>
    fetch(`${sandbox.urls.identity}${path}`, { method: "POST", body: new URLSearchParams({ client_id, ...form }) });
  const code = callback.searchParams.get("code") ?? "";
  const first = await post("/connect/token", {
    grant_type: "authorization_code",
    code,
    redirect_uri: DEMO_REDIRECT_URI,
    code_verifier: verifier,
  });
  const { refresh_token } = (await first.json()) as { refresh_token: string };
  const foreign = (await connectedJane(sandbox)).refresh_token;
  const refreshes = async (token: string) =>
    (await post("/connect/token", { grant_type: "refresh_token", refresh_token: token })).status;
  expect([await refreshes(refresh_token), await refreshes(foreign)]).toEqual([200, 400]);
  expect((await post("/connect/revocation", { token: refresh_token })).status).toBe(200);
  expect(await refreshes(refresh_token)).toBe(400);
  expect(sandbox.control.tokenAccepted({ token: foreign }).accepted).toBe(true);
});

test("a limit on token requests, if switched on, answers 429 until the minute is over", async () => {
  await using sandbox = await createSandbox({ switches: { "token.rate_limit": 3 } });
  await sandbox.control.advance({ to: Math.ceil((sandbox.control.clock().nowMs + 1) / 60_000) * 60_000 });
  const statuses: number[] = [];
  for (let round = 0; round < 4; round += 1) statuses.push((await refreshWith(sandbox, "x")).status);
  expect(statuses).toEqual([400, 400, 400, 429]);
  const waits = Number((await refreshWith(sandbox, "x")).headers.get("retry-after"));
  expect(waits).toBeGreaterThan(0);
  await sandbox.control.advance({ by: `${waits}s` });
  expect((await refreshWith(sandbox, "x")).status).toBe(400);
});
