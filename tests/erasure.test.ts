import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AddedCaller, ConsentLink, ErasedGrant } from "@evergrant/contract";
import { expect, test } from "vitest";
import { anOtherSystem } from "./kit/other-system.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

const erases = (world: World, name: string, connections: readonly string[], more = {}) =>
  world.admin.post<ErasedGrant>(`/connections/${name}/erase`, { connections, ...more });

const rows = (world: World, sql: string): readonly Record<string, unknown>[] => {
  const database = new DatabaseSync(join(world.folder, "evergrant.db"), { readOnly: true });
  try {
    return database.prepare(sql).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
};

/** Every byte that the folder holds, of the write-ahead log too. */
const bytesOf = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
  );

test("nothing that is kept of an erased grant opens: its key and tokens are out of the store, its records out of the journal", async () => {
  await using world = await aWorld();
  await world.connected();
  await world.advance("31m");
  await world.token();
  const [before] = rows(world, 'select data_key from "grant"');
  const sealed = rows(world, "select access_token, refresh_token from token_version").flatMap(Object.values);
  const copy = `${world.folder}-copy`;
  await world.stop();
  cpSync(join(world.folder, "journal"), copy, { recursive: true });
  await world.start();
  const erased = await erases(world, "acme", ["acme"]);
  expect(erased).toMatchObject({ connections: ["acme"], revoked: true, journals: [{ erased: true }] });
  expect(erased.left.map(({ where }) => where)).toEqual(["backups", "callers", "audit", "disks"]);
  expect((await world.askToken()).status).toBe(400);
  expect(rows(world, 'select data_key, subject from "grant"')).toEqual([{ data_key: "", subject: null }]);
  await world.stop();
  const left = bytesOf(world.folder);
  expect(sealed.length).toBeGreaterThan(3);
  for (const text of [before?.["data_key"], ...sealed]) expect(left.includes(String(text))).toBe(false);
  // The records' bytes as they lay on the disk before: none of the segments that held them is as it was.
  for (const name of readdirSync(copy).filter((each) => each.startsWith("segment-"))) {
    const old = readFileSync(join(copy, name));
    const frames = old.subarray(old.indexOf("\n") + 1);
    if (frames.length > 0) expect(left.includes(frames), name).toBe(false);
  }
  await world.start();
  expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 0 });
});

test("a person who consents again after an erasure gets a grant that has nothing of the old one", async () => {
  await using world = await aWorld();
  await world.connected();
  await erases(world, "acme", ["acme"]);
  await world.connection("acme");
  await world.consents((await world.link("acme")).url, "jane@demo.example", DEMO_COMPANY);
  await world.permit(["acme"]);
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  const grants = rows(world, 'select id, data_key from "grant"');
  expect(grants.filter(({ data_key }) => data_key === "")).toHaveLength(1);
  expect(grants).toHaveLength(2);
});

test("answers that could be asked for again go with the connection that they tell of, and nothing is made twice", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  await world.connection("other");
  const link = (name: string) =>
    world.admin.post<ConsentLink>(`/connections/${name}/consent-links`, { accept: "any-tenant" }, `link-${name}`);
  const reports = () => {
    const permissions = [{ connection: "acme", right: "token" }];
    return world.admin.post<AddedCaller>("/callers", { name: "reports", permissions }, "caller-1");
  };
  await world.consents((await link("acme")).url, "jane@demo.example", DEMO_COMPANY);
  const other = await link("other");
  await reports();
  const sealed = rows(world, `select answer, data_key from idempotent_create where connections like '%"acme"%'`);
  expect(sealed).toHaveLength(2);
  await erases(world, "acme", ["acme"]);
  for (const ask of [() => link("acme"), reports]) await expect(ask()).rejects.toThrow(/idempotency_answer_erased/);
  expect((await link("other")).url).toBe(other.url);
  const { callers } = await world.admin.get<{ callers: { name: string }[] }>("/callers");
  expect(callers.filter(({ name }) => name === "reports")).toHaveLength(1);
  await world.stop();
  const left = bytesOf(world.folder);
  for (const text of sealed.flatMap(Object.values)) expect(left.includes(String(text))).toBe(false);
});

test("every connection on the grant has to be agreed to, and with an imported one its verification is erased too", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const other = await anOtherSystem(world);
  const bring = (connection: string, refreshToken: string) =>
    world.admin.post("/imports", { tokens: [{ connection, app: other.app, refreshToken }] });
  const first = await other.token();
  await bring("one", first);
  await bring("two", await other.token());
  await expect(erases(world, "one", ["one"])).rejects.toThrow(/revocation_changed.*it would erase one, two/);
  const erased = await erases(world, "one", ["one", "two"], { revoke: false });
  expect(erased).toMatchObject({ revoked: false, connections: ["one", "two"] });
  expect(erased.left.map(({ where }) => where)).toContain("provider");
  expect(rows(world, 'select distinct data_key from "grant"')).toEqual([{ data_key: "" }]);
  // What was held here once is never taken over again.
  await expect(bring("three", first)).rejects.toThrow(/import_token_known/);
});
