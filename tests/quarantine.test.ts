import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Quarantine, Readiness } from "@evergrant/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Admin } from "./kit/admin.ts";
import { NodeProcess } from "./kit/node-process.ts";
import { aWorld, DEMO_COMPANY, type TokenBody, type World } from "./kit/world.ts";

let world: World;
const copies: NodeProcess[] = [];

beforeEach(async () => {
  world = await aWorld();
  await world.connected();
});
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.kill();
  await world[Symbol.asyncDispose]();
});

const backup = () => join(world.folder, "backup.db");
const file = () => join(world.folder, "evergrant.db");

/** A backup of the database file, taken while nobody writes to it. */
async function backUp(): Promise<void> {
  await world.stop();
  cpSync(file(), backup());
  await world.start();
}

/** The backup is put back in place of the file, and the node is started on it. */
async function restore(): Promise<void> {
  await world.stop();
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file()}${end}`, { force: true });
  cpSync(backup(), file());
  await world.start();
}

async function rotated(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await world.token();
    await world.advance("40m");
  }
}

function found(admin: Admin = world.admin): Promise<Quarantine> {
  return admin.get<Quarantine>("/quarantine");
}

async function readiness(url = world.url): Promise<Readiness> {
  return (await (await fetch(`${url}/readyz`)).json()) as Readiness;
}

/** Everything that the sandbox's token and revocation endpoints were asked. */
function spent(): number {
  return world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "token" || endpoint === "revocation")
    .length;
}

async function released(as: "restored" | "cloned", admin: Admin = world.admin): Promise<void> {
  await admin.post("/quarantine/release", { as });
  await expect.poll(async () => (await found(admin)).state, { timeout: 10_000 }).toBe("none");
}

describe("a database file that was put back from a backup", () => {
  test("older than what the journal may make good is held; once it is called restored, the journal mends it", async () => {
    await backUp();
    await rotated(3);
    await world.advance("3d");
    await rotated(2);
    await restore();
    const before = spent();
    expect(await found()).toMatchObject({ state: "held", because: [{ reason: "store-behind" }] });
    expect(await readiness()).toMatchObject({ serving: false, refreshing: false });
    expect(await world.askToken()).toMatchObject({
      status: 503,
      body: { error: "temporarily_unavailable", code: "store_quarantined" },
      retryAfter: expect.stringMatching(/^\d+$/),
    });
    await world.advance("2d");
    expect(spent()).toBe(before);
    await released("restored");
    const token = await world.token();
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    expect(spent()).toBeGreaterThan(before);
    // A restart finds nothing left to ask.
    await world.stop();
    await world.start();
    expect(await found()).toMatchObject({ state: "none", released: { as: "restored" } });
  });

  test("that the journal can make good whole heals by itself", async () => {
    await backUp();
    await rotated(3);
    await restore();
    expect(await found()).toMatchObject({ state: "none", released: null });
    expect(await readiness()).toMatchObject({ refreshing: true, detail: null });
    const token = await world.token();
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("stays held over restarts and kills", async () => {
    await backUp();
    await rotated(2);
    await world.advance("3d");
    await rotated(1);
    await restore();
    const before = spent();
    for (let start = 0; start < 2; start += 1) {
      await world.kill();
      await world.start();
      expect(await found()).toMatchObject({ state: "held" });
    }
    expect((await world.askToken()).body.code).toBe("store_quarantined");
    expect(spent()).toBe(before);
  });

  test("without its journal folder, which was lost, is held", async () => {
    await world.stop();
    rmSync(join(world.folder, "journal"), { recursive: true });
    await world.start();
    expect(await found()).toMatchObject({ state: "held", because: [{ reason: "journal-unknown" }] });
    // Valid tokens are served all the same.
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    await released("restored");
    await world.advance("40m");
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  });
});

describe("while a database is held", () => {
  test("nobody consents, nothing is revoked, and the operator's other work goes on", async () => {
    await world.connection("second");
    const { url } = await world.link("second");
    await backUp();
    await rotated(2);
    await world.advance("3d");
    await rotated(1);
    await restore();
    const before = spent();
    const page = await world.consents(url, "jane@demo.example", DEMO_COMPANY);
    expect(page.text()).toContain("Not just now");
    expect(page.html).toContain("store_quarantined");
    await expect(world.admin.remove("/connections/acme")).rejects.toThrow("store_quarantined");
    await world.admin.post("/connections/acme/disable");
    expect((await world.status()).status).toBe("disabled");
    await world.admin.post("/connections/acme/enable");
    expect(await found()).toMatchObject({ state: "held" });
    expect(spent()).toBe(before);
    await released("restored");
    await expect(world.admin.post("/quarantine/release", { as: "restored" })).rejects.toThrow("quarantine_not_begun");
  });
});

describe("a copy of the database and its key, elsewhere", () => {
  async function aCopy(): Promise<{
    node: NodeProcess;
    admin: Admin;
    token(): Promise<{ status: number; body: TokenBody }>;
  }> {
    const folder = join(world.folder, "copy");
    mkdirSync(folder);
    await world.stop();
    for (const name of ["evergrant.db", "kek", "operator-key"]) cpSync(join(world.folder, name), join(folder, name));
    await world.start();
    const followClock = world.sandbox.urls.control;
    const node = await NodeProcess.start({ folder, port: 0, followClock, policy: "default", shared: null });
    copies.push(node);
    const token = async () => {
      const { clientId, clientSecret } = world.caller;
      const response = await fetch(`${node.url}/connections/acme/oauth2/token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      return { status: response.status, body: (await response.json()) as TokenBody };
    };
    return { node, admin: new Admin(node.url, folder), token };
  }

  test("is held, and once it is called cloned never spends a token, while the original goes on unharmed", async () => {
    const copy = await aCopy();
    expect(await found(copy.admin)).toMatchObject({ state: "held", because: [{ reason: "journal-unknown" }] });
    expect(await readiness(copy.node.url)).toMatchObject({ refreshing: false });
    // What is still valid is served, by both.
    const served = await copy.token();
    expect(await world.organisation(served.body)).toEqual({ status: 200, name: DEMO_COMPANY });
    await released("cloned", copy.admin);
    const events = await copy.admin.get<{ events: { event: string }[]; summary: string }>(
      "/connections/acme/story?limit=5",
    );
    expect(events.events.map(({ event }) => event)).toContain("left-to-original");
    expect(events.summary).toContain("this database is a copy");
    for (let day = 0; day < 10; day += 1) {
      await rotated(1);
      await world.advance("6d");
      expect((await copy.token()).body.code).toBe("consent_required");
    }
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    const rotations = (await world.story()).events.filter(({ event }) => event === "renewed").length;
    expect(world.refreshes().length).toBe(rotations);
  });

  test("lets its Custom Connections go on: they live by the app's own credentials", async () => {
    await world.customConnection("direct");
    const { clientId, clientSecret } = world.caller;
    const copy = await aCopy();
    await released("cloned", copy.admin);
    const response = await fetch(`${copy.node.url}/connections/direct/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    expect(response.status).toBe(200);
  });
});
