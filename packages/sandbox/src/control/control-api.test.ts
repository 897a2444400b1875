import { request } from "node:http";
import { expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../index.ts";
import { aPerson, postToken } from "../testing/person.ts";

async function ask(sandbox: Sandbox, method: string, path: string, body?: unknown) {
  const sent =
    body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${sandbox.urls.control}/${path}`, { method, ...sent });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

test("everything a test sets up can be set up over HTTP", async () => {
  await using sandbox = await createSandbox();
  const user = await ask(sandbox, "POST", "users", { email: "zoe@demo.example", givenName: "Zoe", familyName: "Z" });
  const organisation = await ask(sandbox, "POST", "organisations", {
    name: "Kauri Ltd",
    countryCode: "NZ",
    baseCurrency: "NZD",
  });
  const membership = { userId: user.body.id, organisationId: organisation.body.id, role: "Standard" };
  expect((await ask(sandbox, "PUT", "memberships", membership)).body).toMatchObject([membership]);
  const app = await ask(sandbox, "POST", "apps", { name: "Mine", redirectUris: ["http://localhost:9/cb"] });
  expect(app.body).toMatchObject({
    clientId: expect.stringMatching(/^[0-9A-F]{32}$/),
    clientSecret: expect.stringMatching(/^[\w-]{43}$/),
  });
  const added = await ask(sandbox, "POST", `apps/${app.body.clientId}/secrets`);
  const grant = (secret: string) =>
    postToken(sandbox, { grant_type: "refresh_token", refresh_token: "x" }, `${app.body.clientId}:${secret}`);
  expect(await (await grant(added.body.clientSecret ?? "")).json()).toEqual({ error: "invalid_grant" });
  await ask(sandbox, "DELETE", `apps/${app.body.clientId}/secrets/${added.body.id}`);
  expect(await (await grant(added.body.clientSecret ?? "")).json()).toEqual({ error: "invalid_client" });
  const custom = await ask(sandbox, "POST", "custom-connections", {
    name: "N",
    userId: user.body.id,
    scopes: ["accounting.settings"],
  });
  const active = await ask(sandbox, "POST", `custom-connections/${custom.body.clientId}/authorise`, {
    organisationId: organisation.body.id,
  });
  expect(active.body).toMatchObject({ custom: { state: "active" } });
  expect((await ask(sandbox, "POST", `custom-connections/${custom.body.clientId}/deactivate`)).body).toMatchObject({
    custom: { state: "deactivated" },
  });
  expect((await ask(sandbox, "PATCH", "switches", { "grace.retry": "supersede" })).body).toMatchObject({
    "grace.retry": "supersede",
  });
  expect((await ask(sandbox, "GET", "state")).status).toBe(200);
});

test.each([
  [
    "an unknown member",
    "POST",
    "users",
    { email: "a@b.example", givenName: "A", familyName: "B", admin: true },
    400,
    "bad_request",
  ],
  ["an unknown switch", "PATCH", "switches", { "grace.retries": 1 }, 400, "unknown_switch_value"],
  ["a wrong value of a switch", "PATCH", "switches", { "grace.seconds": "30m" }, 400, "unknown_switch_value"],
  [
    "a name from the prototype",
    "PATCH",
    "switches",
    JSON.parse('{"__proto__":1,"constructor":1}'),
    400,
    "unknown_switch_value",
  ],
  [
    "a redirect URI on http",
    "POST",
    "apps",
    { name: "A", redirectUris: ["http://example.com/"] },
    400,
    "invalid_redirect_uri",
  ],
  ["a wildcard", "POST", "apps", { name: "A", redirectUris: ["https://*.example.com/"] }, 400, "invalid_redirect_uri"],
  ["an unknown scope", "POST", "apps", { name: "A", redirectUris: [], scopes: ["everything"] }, 400, "unknown_scope"],
  [
    "a second user of one address",
    "POST",
    "users",
    { email: "JANE@demo.example", givenName: "J", familyName: "J" },
    409,
    "already_exists",
  ],
  ["a connection that is not there", "DELETE", "connections/none", undefined, 404, "not_found"],
  [
    "an event in the past",
    "POST",
    "schedule",
    { at: 5, action: { kind: "disconnect", connectionId: "x" } },
    409,
    "clock_backwards",
  ],
  [
    "a report of nobody",
    "POST",
    "clock/followers/nobody",
    { clockId: 1, nextDueMs: null, idle: true },
    404,
    "not_found",
  ],
])("%s is refused with a code", async (_title, method, path, body, status, code) => {
  await using sandbox = await createSandbox();
  const answer = await ask(sandbox, method, path, body);
  expect([answer.status, answer.body.error]).toEqual([status, { code, message: expect.stringMatching(/\.$/) }]);
});

test("a grant's ledger can be read, judged and ended", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token } = await aPerson("jane@demo.example").connects(sandbox, {
    organisation: "Demo Company (NZ)",
    scope: "accounting.settings offline_access",
  });
  const [grant] = sandbox.control.grants();
  const path = `grants/${encodeURIComponent(grant?.id ?? "")}`;
  const seen = (await ask(sandbox, "GET", path)).body as unknown as {
    refreshTokens: { hash: string; generation: number }[];
  };
  expect(seen.refreshTokens).toMatchObject([{ generation: 1, useCount: 0 }]);
  const accepted = async () =>
    (await ask(sandbox, "POST", "tokens/accepted", { refreshTokenHash: seen.refreshTokens[0]?.hash })).body.accepted;
  expect([await accepted(), await accepted()]).toEqual([true, true]);
  await ask(sandbox, "DELETE", path);
  expect(await accepted()).toBe(false);
  expect((await postToken(sandbox, { grant_type: "refresh_token", refresh_token })).status).toBe(400);
});

test("a page of another origin cannot reach the control API: neither by a rebound name nor by a form", async () => {
  await using sandbox = await createSandbox();
  const status = await new Promise((resolve, reject) => {
    const sent = request(`${sandbox.urls.control}/state`, { headers: { host: "attacker.example" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(status).toBe(403);
  const form = await fetch(`${sandbox.urls.control}/apps`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: '{"name":"x","redirectUris":[]}',
  });
  expect(form.status).toBe(400);
});

test.each([
  ["a program", "POST", {}, 200],
  ["our own page", "POST", { origin: "own", "sec-fetch-site": "same-origin" }, 200],
  ["a page of another site", "POST", { origin: "https://attacker.example", "sec-fetch-site": "cross-site" }, 403],
  ["a page on another port", "POST", { origin: "http://localhost:1", "sec-fetch-site": "same-site" }, 403],
  ["a page without a name", "POST", { origin: "null" }, 403],
  ["a picture or script of another site", "GET", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
  ["a link of another site", "GET", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, 200],
  ["a form of another site", "POST", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, 403],
])("%s that says %s with %o is answered %i", async (_who, method, headers, status) => {
  await using sandbox = await createSandbox();
  const own = Object.entries(headers).map(([name, value]) => [name, value === "own" ? sandbox.urls.identity : value]);
  const path = method === "GET" ? "state" : "requests/clear";
  const answered = await new Promise((resolve, reject) => {
    const sent = request(`${sandbox.urls.control}/${path}`, { method, headers: Object.fromEntries(own) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(answered).toBe(status);
});

test("a form of the sandbox's page is taken from that page alone, and no program needs one", async () => {
  await using sandbox = await createSandbox();
  const sent = await fetch(`${sandbox.urls.page}/reset`, { method: "POST", body: new URLSearchParams() });
  expect([sent.status, await sent.json()]).toMatchObject([403, { error: { code: "foreign_origin" } }]);
});

test("a new password ends the logins, and the refresh tokens by switch", async () => {
  for (const kills of [false, true]) {
    await using sandbox = await createSandbox({ switches: { password_change_kills_refresh: kills } });
    const { refresh_token } = await aPerson("jane@demo.example").connects(sandbox, {
      organisation: "Demo Company (NZ)",
      scope: "accounting.settings offline_access",
    });
    const jane = sandbox.control.users().find((user) => user.email === "jane@demo.example")?.id ?? "";
    sandbox.control.changeUser(jane, { password: "another" });
    expect(sandbox.control.tokenAccepted({ token: refresh_token }).accepted).toBe(!kills);
  }
});
