import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, type Sandbox, type Snapshot } from "../index.ts";
import { connectedJane, refreshWith } from "../testing/person.ts";

const folder = mkdtempSync(join(tmpdir(), "sandbox-snapshot-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refreshed = async (sandbox: Sandbox, token: string) => {
  const answer = await refreshWith(sandbox, token);
  return { status: answer.status, body: (await answer.json()) as { refresh_token?: string; access_token?: string } };
};

const organisationStatus = async (sandbox: Sandbox, accessToken: string) => {
  const tenant = sandbox.control.connections()[0]?.tenantId ?? "";
  const headers = { authorization: `Bearer ${accessToken}`, "xero-tenant-id": tenant, accept: "application/json" };
  return (await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers })).status;
};

test("a test goes back to where it began: tokens, people, books, switches and faults are as they were", async () => {
  await using sandbox = await createSandbox();
  const { control } = sandbox;
  const { refresh_token } = await connectedJane(sandbox);
  control.placeFault({ endpoint: "jwks", point: "before-commit", action: { kind: "drop" } });
  control.keepSnapshot("connected");
  const before = control.state();
  const later = (await refreshed(sandbox, refresh_token)).body.refresh_token ?? "";
  control.createUser({ email: "zoe@demo.example", givenName: "Zoe", familyName: "Z" });
  control.setSwitches({ "grace.retry": "same" });
  control.revokeGrant(control.grants()[0]?.id ?? "");
  control.clearFaults();
  await control.restore({ name: "connected" });
  expect(control.state()).toEqual(before);
  expect(control.switches()["grace.retry"]).toBe("sibling");
  expect(control.faults()).toMatchObject([{ endpoint: "jwks", seen: 0 }]);
  expect(control.requests()).toEqual([]);
  // What was handed out since is unknown now, and does not come again.
  expect(control.tokenAccepted({ token: later }).decision.kind).toBe("unknown");
  expect((await refreshed(sandbox, refresh_token)).body.refresh_token).not.toBe(later);
  expect(control.tokenAccepted({ token: later }).decision.kind).toBe("unknown");
});

test("a file of it is another sandbox's beginning, whatever seed and dialect that has", async () => {
  const file = join(folder, "connected.json");
  const { refresh_token, access_token, key, repeated } = await (async () => {
    await using sandbox = await createSandbox({ seed: 5, dialect: "auth0", switches: { "grace.retry": "same" } });
    const tokens = await connectedJane(sandbox);
    const first = await refreshed(sandbox, tokens.refresh_token);
    const webhook = sandbox.control.setWebhook(DEMO_CLIENT_ID, { url: "http://localhost:9/", categories: ["CONTACT"] });
    sandbox.control.saveSnapshot(file);
    return { ...tokens, key: webhook.key, repeated: first.body.refresh_token };
  })();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).not.toContain(refresh_token);
  await using sandbox = await createSandbox({ seed: 6 });
  const { switches } = await (async () => {
    await sandbox.control.restoreFile(file);
    return { switches: sandbox.control.switches() };
  })();
  expect(switches).toMatchObject({ after_grace: "revoke-family", "grace.seconds": 60, "grace.retry": "same" });
  expect(sandbox.control.webhooks()[0]?.key).toBe(key);
  expect((await refreshed(sandbox, refresh_token)).body.refresh_token).toBe(repeated);
  expect(await organisationStatus(sandbox, access_token)).toBe(200);
  sandbox.control.reset();
  expect(sandbox.control.switches()["grace.seconds"]).toBe(1800);
});

describe("the clock", () => {
  const day = 86_400_000;
  const near = (a: number, b: number) => Math.abs(a - b) < 60_000;

  test("never goes back by itself: what was to happen meanwhile happens at once", async () => {
    await using sandbox = await createSandbox();
    const { control } = sandbox;
    const { refresh_token } = await connectedJane(sandbox);
    const connectionId = control.connections()[0]?.id ?? "";
    const { atMs } = control.schedule({
      at: control.clock().nowMs + day,
      action: { kind: "disconnect", connectionId },
    });
    const snapshot = control.snapshot();
    await control.advance({ by: "61d" });
    const { nowMs } = control.clock();
    await control.restore({ snapshot });
    expect(control.clock().nowMs).toBeGreaterThanOrEqual(nowMs);
    expect(control.tokenAccepted({ token: refresh_token }).decision.kind).toBe("expired");
    expect(control.connections()[0]?.endedAtMs).toBe(atMs);
  });

  test("goes forward to a snapshot of a later time", async () => {
    await using late = await createSandbox();
    await late.control.advance({ by: "30d" });
    const snapshot = late.control.snapshot();
    await using sandbox = await createSandbox();
    const { nowMs } = await sandbox.control.restore({ snapshot });
    expect(near(nowMs, snapshot.takenAtMs)).toBe(true);
  });

  test("is rewound if asked: then everything is as if nothing had happened since, down to the next token", async () => {
    await using sandbox = await createSandbox();
    const { control } = sandbox;
    const { refresh_token } = await connectedJane(sandbox);
    const snapshot = control.snapshot();
    const lived = await refreshed(sandbox, refresh_token);
    await control.advance({ by: "61d" });
    const restored = await control.restore({ snapshot, clock: "rewind" });
    expect(near(restored.nowMs, snapshot.takenAtMs)).toBe(true);
    expect((await refreshed(sandbox, refresh_token)).body.refresh_token).toBe(lived.body.refresh_token);
  });

  test("is not rewound under a process that follows it", async () => {
    await using sandbox = await createSandbox();
    const snapshot = sandbox.control.snapshot();
    await sandbox.control.advance({ by: "1d" });
    const given = new AbortController();
    const stream = await fetch(`${sandbox.urls.control}/clock/follow`, { signal: given.signal });
    await stream.body?.getReader().read();
    const before = sandbox.control.state();
    await expect(sandbox.control.restore({ snapshot, clock: "rewind" })).rejects.toMatchObject({
      code: "clock_backwards",
    });
    expect(sandbox.control.state()).toEqual(before);
    given.abort();
  });
});

test("kept ones outlive the process", async () => {
  const file = join(folder, "kept.db");
  const token = await (async () => {
    await using sandbox = await createSandbox({ file });
    const { refresh_token } = await connectedJane(sandbox);
    sandbox.control.keepSnapshot("connected");
    sandbox.control.reset();
    return refresh_token;
  })();
  await using sandbox = await createSandbox({ file });
  expect(sandbox.control.snapshots()).toMatchObject([{ name: "connected" }]);
  expect(sandbox.control.grants()).toEqual([]);
  await sandbox.control.restore({ name: "connected" });
  expect((await refreshed(sandbox, token)).status).toBe(200);
  await sandbox.close();
  await using again = await createSandbox({ file });
  expect(again.control.grants()).toHaveLength(1);
});

test("over HTTP: kept under a name, or carried away and brought back", async () => {
  await using sandbox = await createSandbox();
  const ask = async (method: string, path: string, body?: unknown) => {
    const sent =
      body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${sandbox.urls.control}/${path}`, { method, ...sent });
    return { status: answer.status, body: await answer.json() };
  };
  expect((await ask("PUT", "snapshots/empty")).body).toMatchObject({ name: "empty" });
  await connectedJane(sandbox);
  for (let each = 0; each < 1000; each += 1)
    sandbox.control.createApp({ name: `App ${each}`, redirectUris: ["http://localhost:3000/callback"] });
  const carried = (await ask("GET", "snapshot")).body as Snapshot;
  expect(JSON.stringify(carried).length).toBeGreaterThan(256 * 1024);
  expect((await ask("POST", "restore", { name: "empty" })).status).toBe(200);
  expect(sandbox.control.grants()).toEqual([]);
  expect((await ask("POST", "restore", { snapshot: carried })).status).toBe(200);
  expect(sandbox.control.grants()).toHaveLength(1);
  expect(((await ask("GET", "snapshots/empty")).body as Snapshot).takenAtMs).toBeLessThan(carried.takenAtMs);
  expect((await ask("GET", "snapshots")).body).toHaveLength(1);
  expect((await ask("DELETE", "snapshots/empty")).status).toBe(200);
  expect((await ask("DELETE", "snapshots/empty")).status).toBe(404);
  expect((await ask("POST", "restore", { name: "empty" })).status).toBe(404);
});

describe("refused, and nothing is changed:", () => {
  const damages: readonly (readonly [string, (taken: Snapshot) => unknown, string])[] = [
    ["nothing of ours", () => ({ name: "x" }), "snapshot_foreign"],
    ["another product's", (taken) => ({ ...taken, format: "other" }), "snapshot_foreign"],
    ["a later version", (taken) => ({ ...taken, version: 2 }), "snapshot_newer"],
    ["a changed row", (taken) => ({ ...taken, takenAtMs: taken.takenAtMs + 1 }), "snapshot_damaged"],
    ["a table left out", ({ ledger: _ledger, ...rest }) => rest, "snapshot_damaged"],
    ["no digest", ({ digest: _digest, ...rest }) => rest, "snapshot_damaged"],
  ];

  test.each(damages)("%s", async (_title, damage, code) => {
    await using sandbox = await createSandbox();
    const given = damage(sandbox.control.snapshot());
    const before = sandbox.control.state();
    const restoring = sandbox.control.restore({ snapshot: given as Snapshot });
    await expect(restoring).rejects.toMatchObject({ code });
    expect(sandbox.control.state()).toEqual(before);
  });

  test("a file cut short, a file that is not there, a folder that is not there", async () => {
    await using sandbox = await createSandbox();
    const { control } = sandbox;
    const file = join(folder, "cut.json");
    control.saveSnapshot(file);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 1000));
    await expect(control.restoreFile(file)).rejects.toMatchObject({ code: "snapshot_damaged" });
    await expect(control.restoreFile(join(folder, "none"))).rejects.toMatchObject({ code: "snapshot_file_unusable" });
    expect(() => control.saveSnapshot(join(folder, "none", "x.json"))).toThrow(
      expect.objectContaining({ code: "snapshot_file_unusable" }),
    );
  });

  test("the 21st, and a name with a slash", async () => {
    await using sandbox = await createSandbox();
    const { control } = sandbox;
    for (let each = 0; each < 20; each += 1) control.keepSnapshot(`s${each}`);
    expect(() => control.keepSnapshot("s20")).toThrow(expect.objectContaining({ code: "too_many" }));
    expect(control.keepSnapshot("s0")).toMatchObject({ name: "s0" });
    expect(() => control.keepSnapshot("a/b")).toThrow(expect.objectContaining({ code: "bad_request" }));
  });
});
