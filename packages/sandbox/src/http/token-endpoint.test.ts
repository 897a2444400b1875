import { expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type Sandbox } from "../index.ts";
import { aPerson, postToken, type Tokens } from "../testing/person.ts";

const scope = "openid accounting.settings offline_access";
const connected = (sandbox: Sandbox): Promise<Tokens> =>
  aPerson("jane@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope });
const refresh = (sandbox: Sandbox, refresh_token: string) =>
  postToken(sandbox, { grant_type: "refresh_token", refresh_token });
const bodyOf = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;

test("a refused refresh is a bare 400 with Xero's headers", async () => {
  await using sandbox = await createSandbox();
  const answer = await refresh(sandbox, "nonsense");
  expect([answer.status, await answer.text()]).toEqual([400, '{"error":"invalid_grant"}']);
  expect(answer.headers.get("cache-control")).toBe("max-age=0, no-cache, no-store");
  expect(answer.headers.get("pragma")).toBe("no-cache");
  expect(answer.headers.get("xero-origin-id")).toBe("IdentityServer.Web");
  expect(answer.headers.get("xero-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("a wrong secret is invalid_client with 400, or 401 by switch", async () => {
  await using sandbox = await createSandbox();
  const wrong = () =>
    postToken(sandbox, { grant_type: "refresh_token", refresh_token: "x" }, `${DEMO_CLIENT_ID}:wrong`);
  expect([(await wrong()).status, await bodyOf(await wrong())]).toEqual([400, { error: "invalid_client" }]);
  sandbox.control.setSwitches({ "invalid_client.status": 401 });
  const answer = await wrong();
  expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Basic"]);
});

test("the client may come by Basic, raw or form-encoded, or in the body", async () => {
  await using sandbox = await createSandbox();
  const clientSecret = "a:b%+c d/&";
  const { clientId } = sandbox.control.createApp({ name: "Odd", redirectUris: [], clientSecret });
  const ask = (client: string | null, extra: Record<string, string> = {}) =>
    fetch(`${sandbox.urls.identity}/connect/token`, {
      method: "POST",
      headers: client === null ? {} : { authorization: `Basic ${Buffer.from(client).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x", ...extra }),
    });
  const encoded = new URLSearchParams([[clientId, clientSecret]]).toString().replace("=", ":");
  for (const answer of [
    await ask(`${clientId}:${clientSecret}`),
    await ask(encoded),
    await ask(null, { client_id: clientId, client_secret: clientSecret }),
  ]) {
    expect(await bodyOf(answer)).toEqual({ error: "invalid_grant" });
  }
});

test("multipart is read unless refused; JSON never is", async () => {
  await using sandbox = await createSandbox();
  const form = () => {
    const data = new FormData();
    for (const [name, value] of Object.entries({
      grant_type: "refresh_token",
      refresh_token: "x",
      client_id: DEMO_CLIENT_ID,
      client_secret: DEMO_CLIENT_SECRET,
    }))
      data.set(name, value);
    return data;
  };
  const url = `${sandbox.urls.identity}/connect/token`;
  expect(await bodyOf(await fetch(url, { method: "POST", body: form() }))).toEqual({ error: "invalid_grant" });
  sandbox.control.setSwitches({ "token.multipart": "refuse" });
  expect(await bodyOf(await fetch(url, { method: "POST", body: form() }))).toEqual({ error: "unsupported_grant_type" });
  const json = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"grant_type":"refresh_token"}',
  });
  expect([json.status, await bodyOf(json)]).toEqual([400, { error: "unsupported_grant_type" }]);
});

test("a code works once, for 300 seconds, with the redirect URI it was given for", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  const redirect_uri = "http://localhost:4180/callback";
  const query = new URLSearchParams({ client_id: DEMO_CLIENT_ID, redirect_uri, response_type: "code", scope });
  const newCode = async () =>
    (
      await jane.consents(`${sandbox.urls.login}/identity/connect/authorize?${query}`, "Demo Company (NZ)")
    ).searchParams.get("code") ?? "";
  const redeem = async (code: string, uri = redirect_uri) =>
    (await postToken(sandbox, { grant_type: "authorization_code", code, redirect_uri: uri })).status;
  const first = await newCode();
  expect(await redeem(first, "http://localhost:4180/other")).toBe(400);
  expect([await redeem(first), await redeem(first)]).toEqual([200, 400]);
  const second = await newCode();
  await sandbox.control.advance({ by: "301s" });
  expect(await redeem(second)).toBe(400);
  const outcomes = sandbox.control.requests().filter((entry) => entry.endpoint === "token");
  expect(outcomes.map((entry) => entry.outcome)).toEqual(["redirect-mismatch", "issued", "replayed", "expired"]);
});

test("the refresh token follows its rules over time: +29 min, +31 min, 59 days asleep, 60 days asleep", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token: first } = await connected(sandbox);
  const second = ((await bodyOf(await refresh(sandbox, first))).refresh_token ?? "") as string;
  await sandbox.control.advance({ by: "29m" });
  expect((await refresh(sandbox, first)).status).toBe(200);
  await sandbox.control.advance({ by: "2m" });
  expect((await refresh(sandbox, first)).status).toBe(400);
  await sandbox.control.advance({ by: "59d" });
  const third = ((await bodyOf(await refresh(sandbox, second))).refresh_token ?? "") as string;
  await sandbox.control.advance({ by: "60d" });
  expect((await refresh(sandbox, third)).status).toBe(400);
  expect(sandbox.control.tokenAccepted({ token: third })).toEqual({ accepted: false, decision: { kind: "expired" } });
});

test("same hands out the very strings again", async () => {
  await using sandbox = await createSandbox({ switches: { "grace.retry": "same" } });
  const { refresh_token } = await connected(sandbox);
  const [a, b] = [
    await bodyOf(await refresh(sandbox, refresh_token)),
    await bodyOf(await refresh(sandbox, refresh_token)),
  ];
  expect([b.access_token, b.refresh_token]).toEqual([a.access_token, a.refresh_token]);
});

test("without offline_access there is no refresh token, without openid no ID token", async () => {
  await using sandbox = await createSandbox();
  const tokens = await aPerson("jane@demo.example").connects(sandbox, {
    organisation: "Demo Company (NZ)",
    scope: "accounting.settings",
  });
  expect(Object.keys(tokens).sort()).toEqual(["access_token", "expires_in", "scope", "token_type"]);
});

test("revocation kills the refresh token and the connections; the access token gets 403 at the API", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token, access_token } = await connected(sandbox);
  const revoke = (token: string) =>
    fetch(`${sandbox.urls.identity}/connect/revocation`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}` },
      body: new URLSearchParams({ token }),
    });
  const answer = await revoke(refresh_token);
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
  expect((await refresh(sandbox, refresh_token)).status).toBe(400);
  const headers = {
    authorization: `Bearer ${access_token}`,
    accept: "application/json",
    "xero-tenant-id": sandbox.control.organisations()[0]?.id ?? "",
  };
  expect(await (await fetch(`${sandbox.urls.api}/connections`, { headers })).json()).toEqual([]);
  expect((await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers })).status).toBe(403);
  expect((await revoke("unknown")).status).toBe(200);
});

test("the journal shows one refresh by hash and generation, and no token in clear anywhere", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token, access_token } = await connected(sandbox);
  sandbox.control.clearRequests();
  await refresh(sandbox, refresh_token);
  expect(sandbox.control.requests()).toMatchObject([
    {
      endpoint: "token",
      grantType: "refresh_token",
      clientId: DEMO_CLIENT_ID,
      outcome: "rotate",
      status: 200,
      committed: true,
      token: { generation: 1 },
    },
  ]);
  const everything = JSON.stringify([sandbox.control.requests(), sandbox.control.state(), sandbox.control.grants()]);
  for (const secret of [refresh_token, access_token, DEMO_CLIENT_SECRET]) expect(everything).not.toContain(secret);
});

test.each([
  ["sibling", {}, 50],
  ["same", { "grace.retry": "same" }, 1],
  ["strict", { rotation: "strict" }, 1],
] as const)(
  "fifty refreshes at the same moment under %s give exactly the dialect's successors",
  async (_title, switches, successors) => {
    await using sandbox = await createSandbox({ switches });
    const { refresh_token } = await connected(sandbox);
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(sandbox, refresh_token)));
    const given = await Promise.all(
      answers.filter((answer) => answer.ok).map(async (answer) => (await bodyOf(answer)).refresh_token),
    );
    expect(new Set(given).size).toBe(successors);
  },
);

test("when refreshes race with a revocation, no token outlives its 200", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token } = await connected(sandbox);
  const revocation = fetch(`${sandbox.urls.identity}/connect/revocation`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}` },
    body: new URLSearchParams({ token: refresh_token }),
  });
  const answers = await Promise.all([...Array.from({ length: 20 }, () => refresh(sandbox, refresh_token)), revocation]);
  const given = await Promise.all(
    answers
      .slice(0, -1)
      .filter((answer) => answer.ok)
      .map(async (answer) => (await bodyOf(answer)).refresh_token as string),
  );
  for (const token of given) expect((await refresh(sandbox, token)).status).toBe(400);
  expect(sandbox.control.verify().usedAfterRevoke).toEqual([]);
});
