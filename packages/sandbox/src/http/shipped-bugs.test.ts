import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type DialectName, type Sandbox } from "../index.ts";
import { connectedJane, postToken, refreshWith, type Tokens } from "../testing/person.ts";

// What authorization servers, emulators and clients have shipped with, one test each. The evidence is named in each title.

const tokensOf = async (answer: Response): Promise<Tokens> => {
  if (!answer.ok) throw new Error(`refused: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Tokens;
};
const refreshed = async (sandbox: Sandbox, token: string): Promise<Tokens> =>
  tokensOf(await refreshWith(sandbox, token));
const loseNextAnswer = (sandbox: Sandbox) =>
  sandbox.control.placeFault({
    endpoint: "token",
    grantType: "refresh_token",
    point: "after-commit-before-headers",
    action: { kind: "drop" },
  });
const revoke = (sandbox: Sandbox, token: string): Promise<Response> =>
  fetch(`${sandbox.urls.identity}/connect/revocation`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}` },
    body: new URLSearchParams({ token }),
  });
const refreshOutcomes = (sandbox: Sandbox) =>
  sandbox.control
    .requests()
    .filter((entry) => entry.grantType === "refresh_token")
    .map((entry) => entry.outcome);
const many = <T>(count: number, make: () => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, make));

describe("authorization servers", () => {
  test("concurrent uses passed the check together and forked the family (CVE-2026-1035)", async () => {
    await using sandbox = await createSandbox({ dialect: "keycloak" });
    const { refresh_token } = await connectedJane(sandbox);
    const answers = await many(50, () => refreshWith(sandbox, refresh_token));
    expect(answers.filter((answer) => answer.ok).length).toBe(2);
  });

  test("strict reuse detection logged honest clients out (zitadel 9631, keycloak 16081): one lost answer is mended inside a grace and fatal without", async () => {
    for (const [dialect, mended] of [
      ["xero", true],
      ["strict", false],
    ] as const) {
      await using sandbox = await createSandbox({ dialect });
      const { refresh_token } = await connectedJane(sandbox);
      loseNextAnswer(sandbox);
      await expect(refreshWith(sandbox, refresh_token)).rejects.toThrow();
      expect((await refreshWith(sandbox, refresh_token)).ok).toBe(mended);
      expect(sandbox.control.verify().lostGrants.length).toBe(mended ? 0 : 1);
    }
  });

  test("a lost race also killed the winner (node-oidc-provider, better-auth): inside a grace it does not", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    const [winner, loser] = await many(2, () => refreshed(sandbox, refresh_token));
    for (const { refresh_token: token } of [winner, loser] as Tokens[])
      expect((await refreshWith(sandbox, token)).status).toBe(200);
  });

  test("the grace returned a token that was never stored (django-oauth-toolkit 631, 702): ours survives a restart and refreshes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    const file = join(folder, "sandbox.db");
    try {
      let token: string;
      {
        await using sandbox = await createSandbox({ file });
        const { refresh_token } = await connectedJane(sandbox);
        await refreshed(sandbox, refresh_token);
        token = (await refreshed(sandbox, refresh_token)).refresh_token;
      }
      await using again = await createSandbox({ file });
      expect((await refreshWith(again, token)).status).toBe(200);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each<[DialectName, number]>([
    ["xero", 200],
    ["auth0", 400],
    ["supabase", 200],
    ["closing-grace", 400],
  ])(
    "the grace was honoured for any generation (django-oauth-toolkit 1617): under %s it is decided",
    async (dialect, status) => {
      await using sandbox = await createSandbox({ dialect });
      const { refresh_token: first } = await connectedJane(sandbox);
      const second = (await refreshed(sandbox, first)).refresh_token;
      await refreshed(sandbox, second);
      expect((await refreshWith(sandbox, first)).status).toBe(status);
    },
  );

  test("the grace renewed itself without end (hydra, supabase 1901): retries every 29 minutes stop 30 minutes after the first use", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    const statuses: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      statuses.push((await refreshWith(sandbox, refresh_token)).status);
      await sandbox.control.advance({ by: "29m" });
    }
    expect(statuses).toEqual([200, 200, 400, 400, 400, 400]);
  });

  test("the token was spent before there was an answer (duende 667): committed, then a 500, and the old token still leads on", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    sandbox.control.placeFault({
      endpoint: "token",
      point: "after-commit-before-headers",
      action: { kind: "status", status: 500 },
    });
    expect((await refreshWith(sandbox, refresh_token)).status).toBe(500);
    const { refresh_token: next } = await refreshed(sandbox, refresh_token);
    expect((await refreshWith(sandbox, next)).status).toBe(200);
    expect(sandbox.control.verify()).toMatchObject({ ok: true, lostGrants: [] });
  });

  test("spent rows were reaped when the grace ended: here a replay is still known as one 50 days later", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token: first } = await connectedJane(sandbox);
    await refreshed(sandbox, first);
    await sandbox.control.advance({ by: "50d" });
    await refreshWith(sandbox, first);
    expect(refreshOutcomes(sandbox)).toEqual(["rotate", "reuse"]);
  });

  test("a refresh ended the access token under calls in flight (zitadel 9331): ours lives to its exp", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token, access_token } = await connectedJane(sandbox);
    await refreshed(sandbox, refresh_token);
    const call = async () =>
      (await fetch(`${sandbox.urls.api}/connections`, { headers: { authorization: `Bearer ${access_token}` } })).status;
    await sandbox.control.advance({ by: "29m" });
    expect(await call()).toBe(200);
    await sandbox.control.advance({ by: "1m" });
    expect(await call()).toBe(401);
  });

  test("the replay of a logged-out token was taken for theft (crosswithfriends 566): revoked, expired and reused are told apart", async () => {
    await using sandbox = await createSandbox({ dialect: "strict" });
    const { refresh_token: out } = await connectedJane(sandbox);
    await revoke(sandbox, out);
    await refreshWith(sandbox, out);
    const { refresh_token: asleep } = await connectedJane(sandbox);
    const { refresh_token: spent } = await connectedJane(sandbox);
    await refreshed(sandbox, spent);
    await refreshWith(sandbox, spent);
    await sandbox.control.advance({ by: "60d" });
    await refreshWith(sandbox, asleep);
    await refreshWith(sandbox, "never issued");
    expect(refreshOutcomes(sandbox)).toEqual(["revoked", "rotate", "reuse", "expired", "unknown"]);
    const reasons = sandbox.control.state().families.map((family) => family.revokedReason);
    expect(reasons.sort()).toEqual(["client-revoked", "reuse", null].sort());
  });

  test("a refresh that raced with a revocation outlived it (keycloak 51312): no token is accepted after the 200", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    const race = many(20, () => refreshWith(sandbox, refresh_token));
    expect((await revoke(sandbox, refresh_token)).status).toBe(200);
    for (const answer of await race) {
      if (answer.ok) expect((await refreshWith(sandbox, (await tokensOf(answer)).refresh_token)).status).toBe(400);
    }
    expect(sandbox.control.verify().usedAfterRevoke).toEqual([]);
  });

  test("any string was taken for a refresh token (mock-oauth2-server 826, oauth2-mock-server)", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token, access_token, id_token = "" } = await connectedJane(sandbox);
    for (const bogus of ["x", access_token, id_token, `${refresh_token}x`, refresh_token.slice(1)])
      expect((await refreshWith(sandbox, bogus)).status).toBe(400);
  });

  test("only half of the server followed its clock (mock-oauth2-server 700): every claim and every check does", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    await sandbox.control.advance({ by: "40d" });
    const nowSeconds = Math.floor(sandbox.control.clock().nowMs / 1000);
    const { access_token, id_token = "" } = await refreshed(sandbox, refresh_token);
    const [access, id] = [decodeJwt(access_token), decodeJwt(id_token)];
    for (const issued of [access.nbf, id.iat, id.nbf]) expect(Math.abs((issued ?? 0) - nowSeconds)).toBeLessThan(30);
    expect([(access.exp ?? 0) - (access.nbf ?? 0), (id.exp ?? 0) - (id.iat ?? 0)]).toEqual([1800, 300]);
  });
});

describe("what clients did, and the sandbox lets be seen", () => {
  test("the lock was shorter than the work (oauth2-proxy 3456): the second send is decided while the first answer still stalls", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    sandbox.control.placeFault({
      endpoint: "token",
      point: "after-commit-before-headers",
      action: { kind: "stall", ms: 300 },
    });
    const slow = refreshed(sandbox, refresh_token);
    while (refreshOutcomes(sandbox).length === 0) await new Promise(setImmediate);
    const quick = await refreshed(sandbox, refresh_token);
    expect(quick.refresh_token).not.toBe((await slow).refresh_token);
    expect(refreshOutcomes(sandbox)).toEqual(["rotate", "retry-sibling"]);
  });

  test("the time-out of 3.5 s was shorter than the provider (openid-client 5): the old token recovers", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    sandbox.control.placeFault({
      endpoint: "token",
      point: "after-commit-before-headers",
      action: { kind: "stall", ms: 4000 },
    });
    const impatient = new AbortController();
    const given = fetch(`${sandbox.urls.identity}/connect/token`, {
      method: "POST",
      signal: impatient.signal,
      headers: { authorization: `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token }),
    });
    while (refreshOutcomes(sandbox).length === 0) await new Promise(setImmediate);
    impatient.abort();
    await expect(given).rejects.toThrow();
    expect((await refreshWith(sandbox, refresh_token)).status).toBe(200);
    expect(sandbox.control.verify()).toMatchObject({ ok: true, lostGrants: [] });
  });

  test("the client probed how to authenticate and sent its refresh twice (oauth2-proxy 1992): a failed probe spends nothing", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    const form = { grant_type: "refresh_token", refresh_token };
    expect((await postToken(sandbox, form, `${DEMO_CLIENT_ID}:wrong`)).status).toBe(400);
    expect((await postToken(sandbox, form)).status).toBe(200);
    expect(refreshOutcomes(sandbox)).toEqual(["invalid-client", "rotate"]);
  });

  test("the loser of a race threw the winner's grant away (xagent 1454, Floway 67): an invalid_grant says nothing of the newer token", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token: first } = await connectedJane(sandbox);
    const { refresh_token: newest } = await refreshed(sandbox, first);
    await sandbox.control.advance({ by: "31m" });
    expect((await refreshWith(sandbox, first)).status).toBe(400);
    expect((await refreshWith(sandbox, newest)).status).toBe(200);
  });
});
