import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, type Sandbox } from "../index.ts";
import { connectedJane, refreshWith, type Tokens } from "../testing/person.ts";

const keysOf = (sandbox: Sandbox) =>
  createRemoteJWKSet(new URL(`${sandbox.urls.identity}/.well-known/openid-configuration/jwks`), {
    cooldownDuration: 0,
    cacheMaxAge: 0,
  });
const kidOf = (jwt: string | undefined) => decodeProtectedHeader(jwt ?? "").kid;
const callApi = async (sandbox: Sandbox, { access_token }: Tokens) =>
  (await fetch(`${sandbox.urls.api}/connections`, { headers: { authorization: `Bearer ${access_token}` } })).status;

test("a token is RS256 with a kid of 40 hex digits and the same bytes as x5t, and a client finds its key", async () => {
  await using sandbox = await createSandbox();
  const { access_token, id_token = "" } = await connectedJane(sandbox);
  for (const jwt of [access_token, id_token]) {
    const header = decodeProtectedHeader(jwt);
    expect(header).toEqual({ alg: "RS256", kid: expect.stringMatching(/^[0-9A-F]{40}$/), typ: "JWT", x5t: header.x5t });
    expect(
      Buffer.from(header.x5t ?? "", "base64url")
        .toString("hex")
        .toUpperCase(),
    ).toBe(header.kid);
  }
  const verified = await jwtVerify(id_token, keysOf(sandbox), {
    issuer: sandbox.urls.identity,
    audience: DEMO_CLIENT_ID,
    algorithms: ["RS256"],
  });
  expect(verified.payload.sub).toMatch(/^[0-9a-f]{32}$/);
});

test("keys roll over: the new one signs, the old one's tokens stay good until it is retired", async () => {
  await using sandbox = await createSandbox();
  const before = await connectedJane(sandbox);
  const [, added] = await sandbox.control.rotateKey();
  const after = (await (await refreshWith(sandbox, before.refresh_token)).json()) as Tokens;
  expect(kidOf(after.id_token)).toBe(added?.kid);
  expect(kidOf(before.id_token)).not.toBe(added?.kid);
  for (const { id_token = "" } of [before, after]) await jwtVerify(id_token, keysOf(sandbox));
  expect([await callApi(sandbox, before), await callApi(sandbox, after)]).toEqual([200, 200]);

  const old = kidOf(before.access_token) ?? "";
  expect(sandbox.control.retireKey(old)).toEqual([{ kid: added?.kid, signs: true }]);
  await expect(jwtVerify(before.id_token ?? "", keysOf(sandbox))).rejects.toThrow();
  expect([await callApi(sandbox, before), await callApi(sandbox, after)]).toEqual([401, 200]);
  expect(() => sandbox.control.retireKey(old)).toThrow("no key");
  expect(() => sandbox.control.retireKey(added?.kid ?? "")).toThrow("signs at present");
});

test("a second start goes on with the rolled-over keys", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
  const file = join(folder, "sandbox.db");
  try {
    let keys: unknown;
    {
      await using sandbox = await createSandbox({ file });
      const [first] = await sandbox.control.rotateKey();
      keys = sandbox.control.retireKey(first?.kid ?? "");
    }
    await using again = await createSandbox({ file });
    expect(again.control.keys()).toEqual(keys);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
