import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { aPerson, postToken } from "../testing/person.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-"));
  file = join(folder, "sandbox.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const scope = "openid accounting.settings offline_access";

test("a second start goes on: tokens, keys, switches and the moved clock", async () => {
  const first = await createSandbox({ file, seed: "random" });
  const { refresh_token, access_token } = await aPerson("jane@demo.example").connects(first, {
    organisation: "Demo Company (NZ)",
    scope,
  });
  first.control.setSwitches({ "grace.retry": "same" });
  await first.control.advance({ by: "10m" });
  const before = {
    jwks: await (await fetch(`${first.urls.identity}/.well-known/openid-configuration/jwks`)).json(),
    offsetMs: first.control.clock().offsetMs,
  };
  await first.close();

  await using second = await createSandbox({ file, seed: "random" });
  expect(second.control.clock().offsetMs).toBe(before.offsetMs);
  expect(second.control.switches()["grace.retry"]).toBe("same");
  expect(await (await fetch(`${second.urls.identity}/.well-known/openid-configuration/jwks`)).json()).toEqual(
    before.jwks,
  );
  const connections = await fetch(`${second.urls.api}/connections`, {
    headers: { authorization: `Bearer ${access_token}` },
  });
  expect(await connections.json()).toMatchObject([{ tenantName: "Demo Company (NZ)" }]);
  const answer = await postToken(second, { grant_type: "refresh_token", refresh_token });
  expect(((await answer.json()) as { refresh_token: string }).refresh_token).not.toBe(refresh_token);
  expect(second.control.verify()).toMatchObject({ ok: true, liveGrants: 1 });
});

test("ids drawn after a restart are new ones", async () => {
  const create = async () => {
    await using sandbox = await createSandbox({ file, seed: 3 });
    return sandbox.control.createApp({ name: "x", redirectUris: [] }).clientId;
  };
  expect(await create()).not.toBe(await create());
});

test("two sandboxes over one file are refused", async () => {
  await using _first = await createSandbox({ file });
  await expect(createSandbox({ file })).rejects.toMatchObject({ code: "database_in_use" });
});

test("a file of a newer version is refused", async () => {
  const newer = new DatabaseSync(file);
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  await expect(createSandbox({ file })).rejects.toMatchObject({ code: "database_newer" });
});

test("a reset empties the ledger and keeps clock and keys; no old token works again", async () => {
  await using sandbox = await createSandbox({ file });
  const { refresh_token, access_token } = await aPerson("jane@demo.example").connects(sandbox, {
    organisation: "Demo Company (NZ)",
    scope,
  });
  await sandbox.control.advance({ by: "1d" });
  const { offsetMs } = sandbox.control.clock();
  sandbox.control.reset();
  expect(sandbox.control.clock().offsetMs).toBe(offsetMs);
  expect(sandbox.control.state()).toMatchObject({ grants: [], refreshTokens: [], connections: [] });
  expect(sandbox.control.users()).toHaveLength(4);
  expect((await postToken(sandbox, { grant_type: "refresh_token", refresh_token })).status).toBe(400);
  expect(
    (await fetch(`${sandbox.urls.api}/connections`, { headers: { authorization: `Bearer ${access_token}` } })).status,
  ).toBe(401);
  const again = await aPerson("jane@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope });
  expect(again.refresh_token).not.toBe(refresh_token);
});
