import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { AddedOperator, Quarantine } from "@evergrant/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Admin } from "./kit/admin.ts";
import { aCluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { NodeProcess } from "./kit/node-process.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { aWorld, DEMO_COMPANY, type TokenBody, type World } from "./kit/world.ts";

const ENTRY = resolve(import.meta.dirname, "../packages/cli/src/evergrant.ts");

/** The command as a shell runs it. */
function evergrant(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=@evergrant/source", ENTRY, ...args], {
    ...{ encoding: "utf8", timeout: 60_000, env: { ...process.env, ...env } },
  });
  return { status, out: stdout, err: stderr };
}

let elsewhere: string;
beforeEach(() => {
  elsewhere = mkdtempSync(join(tmpdir(), "evergrant-restored-"));
});
afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));

const backUp = (world: World, file: string) =>
  evergrant(["--folder", world.folder, "--url", world.url, "backup", file]);
const file = () => join(elsewhere, "copy.evb");

describe("a backup of a store in one file", () => {
  test("is taken while tokens are served, holds nothing in clear, and brings everything back into an empty folder", async () => {
    await using world = await aWorld();
    await world.connected();
    const token = await world.token();
    const vera = await world.admin.post<AddedOperator>("/operators", { name: "vera", role: "viewer" });
    const serving = Promise.all(Array.from({ length: 20 }, () => world.token()));
    const made = backUp(world, file());
    await serving;
    expect(made).toMatchObject({ status: 0, out: expect.stringContaining("read back whole") });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(file());
    for (const secret of [token.access_token ?? "", DEMO_COMPANY, "jane", "vera"])
      expect(bytes.includes(secret)).toBe(false);
    expect(existsSync(`${file()}.part`)).toBe(false);

    const folder = join(elsewhere, "folder");
    expect(evergrant(["--folder", folder, "restore", file()])).toMatchObject({ status: 1, err: /kek_missing|no file/ });
    cpSync(join(world.folder, "kek"), join(folder, "kek"), { recursive: true });
    expect(evergrant(["--folder", folder, "restore", file()])).toMatchObject({ status: 0 });
    expect(evergrant(["--folder", folder, "restore", file()]).err).toContain("holds something");

    await world.stop();
    cpSync(join(world.folder, "operator-key"), join(folder, "operator-key"));
    const node = await NodeProcess.start({
      ...{ folder, port: 0, followClock: world.sandbox.urls.control, policy: "default", shared: null },
    });
    try {
      const admin = new Admin(node.url, folder);
      const sent = world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "token").length;
      await world.sandbox.control.advance({ by: "40m" });
      expect(await admin.get<Quarantine>("/quarantine")).toMatchObject({
        state: "held",
        because: [{ reason: "store-behind" }],
      });
      expect(world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "token")).toHaveLength(sent);
      const before = (await admin.get<Quarantine>("/quarantine")).incarnation;
      await admin.post("/quarantine/release", { as: "restored" });
      await world.sandbox.control.advance({ by: "1m" });
      const after = await admin.get<Quarantine>("/quarantine");
      expect(after).toMatchObject({ state: "none", released: { as: "restored", from: before } });
      expect(after.incarnation).not.toBe(before);
      const me = await fetch(`${node.url}/api/v1/me`, { headers: { authorization: `Bearer ${vera.operatorKey}` } });
      expect(await me.json()).toMatchObject({ name: "vera", role: "viewer" });
      const { connections } = await admin.get<{ connections: object[] }>("/connections");
      expect(connections).toMatchObject([{ name: "acme", status: "connected" }]);
      await admin.post("/connections/acme/check");
      expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
      expect(await admin.get("/audit/verification")).toMatchObject({ intact: true });
    } finally {
      await node.kill();
    }
  });

  test("that was cut off or changed is not restored, and leaves the store empty", async () => {
    await using world = await aWorld();
    await world.connected();
    backUp(world, file());
    const bytes = readFileSync(file());
    const folder = join(elsewhere, "folder");
    cpSync(join(world.folder, "kek"), join(folder, "kek"), { recursive: true });
    writeFileSync(file(), bytes.subarray(0, bytes.length - 20));
    expect(evergrant(["--folder", folder, "restore", file()])).toMatchObject({ status: 1, err: /not a whole backup/ });
    bytes[bytes.length - 300] = (bytes[bytes.length - 300] ?? 0) ^ 1;
    writeFileSync(file(), bytes);
    expect(evergrant(["--folder", folder, "restore", file()])).toMatchObject({ status: 1, err: /not a whole backup/ });
    bytes[bytes.length - 300] = (bytes[bytes.length - 300] ?? 0) ^ 1;
    writeFileSync(file(), bytes);
    expect(evergrant(["--folder", folder, "restore", file()])).toMatchObject({ status: 0 });
  });
});

describe("a backup of a Postgres", () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
    await server.createDatabase("evergrant");
    await server.createDatabase("another");
  });
  afterEach(() => server[Symbol.asyncDispose]());

  test("is of one moment while nodes write, goes into an empty database alone, and is held there; a key rotates at all nodes", async () => {
    await using cluster = await aCluster(server.url("evergrant"), 2);
    const { world } = cluster;
    const rotated = await world.admin.post<{ keys: { id: string; primary: boolean; nodes: string[] }[] }>(
      "/keys/rotate",
    );
    expect(rotated.keys.find(({ primary }) => primary)?.nodes).toHaveLength(2);
    const made = evergrant(["--folder", world.folder, "--url", world.url, "--json", "backup", file()]);
    expect(made.status, made.err).toBe(0);
    expect(JSON.parse(made.out)).toMatchObject({ rows: { deployment: 1, grant: 1, connection: 1 } });
    const restore = (database: string) =>
      evergrant(["--folder", join(elsewhere, "x"), "restore", file(), "--kek-file", cluster.kekFile], {
        EVERGRANT_STORE: server.url(database),
      });
    expect(restore("evergrant").err).toContain("holds something");
    expect(restore("another")).toMatchObject({ status: 0 });
    const [row] = (await server.query("select quarantine from deployment", "another")) as { quarantine: string }[];
    expect(row?.quarantine).toContain("store-behind");
    const back = ["--folder", join(elsewhere, "back"), "restore", file(), "--kek-file", cluster.kekFile];
    expect(evergrant(back), "into one file").toMatchObject({ status: 0 });
    expect(statSync(join(elsewhere, "back", "evergrant.db")).size).toBeGreaterThan(0);
  });

  test("takes up what was one file: a node moves in with its folder, its journal brings what was rotated since, and no grant is lost", async () => {
    await using world = await aWorld({ policy: "quick" });
    await world.connected();
    const refreshes = () => world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "token").length;
    expect(backUp(world, file())).toMatchObject({ status: 0 });
    const rotated = refreshes();
    await eventually(async () => {
      await world.token();
      expect(refreshes()).toBeGreaterThan(rotated + 1);
    });
    await world.stop();

    const kekFile = join(world.folder, "kek");
    const dsn = server.url("another");
    const restored = evergrant(["--folder", world.folder, "restore", file(), "--kek-file", kekFile], {
      EVERGRANT_STORE: dsn,
    });
    expect(restored.status, restored.err).toBe(0);
    const node = await NodeProcess.start({
      ...{ folder: world.folder, port: 0, followClock: null, policy: "quick" },
      shared: { dsn, kekFile, publicUrl: null },
    });
    try {
      const admin = new Admin(node.url, world.folder);
      expect(await admin.get<Quarantine>("/quarantine")).toMatchObject({ state: "held" });
      await admin.post("/quarantine/release", { as: "restored" });
      await eventually(async () => expect((await tokenFrom(node, world)).access_token).toEqual(expect.any(String)));
      const before = refreshes();
      await eventually(async () => expect(refreshes()).toBeGreaterThan(before));
      expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
      expect(await admin.get("/audit/verification")).toMatchObject({ intact: true });
    } finally {
      await node.kill();
    }
  });
});

async function tokenFrom(node: NodeProcess, { caller: { clientId, clientSecret } }: World): Promise<TokenBody> {
  const response = await fetch(`${node.url}/connections/acme/oauth2/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return (await response.json()) as TokenBody;
}
