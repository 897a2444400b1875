import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedNode, startNode } from "@evergrant/cli";
import type { AddedCaller, AddedOperator, AuditPage, Connection, Problem } from "@evergrant/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Admin } from "./kit/admin.ts";

let node: StartedNode;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-admin-"));
  await start();
});
afterEach(async () => {
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  node = await startNode({ folder, port: 0, journalMayVanish: true, terminal: false });
}

const admin = () => new Admin(node.adminUrl, folder);
const firstKey = () => readFileSync(join(folder, "operator-key"), "utf8").trim();

async function ask<T>(method: string, path: string, more: { key?: string; body?: object; once?: string } = {}) {
  const { key = firstKey(), body, once } = more;
  const response = await fetch(`${node.adminUrl}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(once === undefined ? {} : { "idempotency-key": once }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const replayed = response.headers.get("idempotency-replayed") === "true";
  return { status: response.status, body: (await response.json()) as T & Partial<Problem>, replayed };
}

/** Everything that lies in the folder, as bytes. */
function kept(): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("\n");
}

test("a create that is asked for many times at once makes one thing, and gives its secret again after a restart; it lies there sealed", async () => {
  const create = () => ask<AddedCaller>("POST", "/callers", { once: "key-1", body: { name: "reports" } });
  const answers = await Promise.all(Array.from({ length: 12 }, create));
  const made = answers.filter(({ status }) => status === 201);
  expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
  for (const { status, body } of answers)
    if (status !== 201) expect([status, body.code]).toEqual([409, "idempotency_key_busy"]);
  const secret = made[0]?.body.clientSecret ?? "";
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(new Set(made.map(({ body }) => body.clientSecret))).toEqual(new Set([secret]));
  expect((await admin().get<{ callers: unknown[] }>("/callers")).callers).toHaveLength(1);
  await node.close();
  expect(kept()).not.toContain(secret);
  await start();
  const again = await create();
  expect([again.status, again.replayed, again.body.clientSecret]).toEqual([201, true, secret]);
  const other = await ask("POST", "/callers", { once: "key-1", body: { name: "another" } });
  expect([other.status, other.body.code]).toEqual([422, "idempotency_key_reused"]);
});

test("a list of hundreds is read whole by its cursors, while more is added", async () => {
  await admin().post("/apps", { name: "books", provider: "xero", clientId: "c", clientSecret: "s" });
  const add = (name: string) => admin().post("/connections", { name, app: "books" });
  for (let n = 0; n < 120; n += 1) await add(`before-${n}`);
  const read: string[] = [];
  let added = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "?limit=25" : `?limit=25&cursor=${cursor}`;
    const page = await admin().get<{ connections: Connection[]; next: string | null }>(`/connections${query}`);
    read.push(...page.connections.map(({ name }) => name));
    cursor = page.next;
    added += 1;
    await add(`meanwhile-${added}`);
  }
  expect(new Set(read).size).toBe(read.length);
  const before = read.filter((name) => name.startsWith("before-"));
  expect(new Set(before)).toEqual(new Set(Array.from({ length: 120 }, (_, n) => `before-${n}`)));
});

test("operators do what their role says, and what they did stands in a whole audit under their names, also after a restart", async () => {
  const jane = (await ask<AddedOperator>("POST", "/operators", { body: { name: "jane", role: "viewer" } })).body;
  const key = jane.operatorKey ?? "";
  expect((await ask("GET", "/connections", { key })).status).toBe(200);
  const refused = await ask("POST", "/callers", { key, body: { name: "mine" } });
  expect([refused.status, refused.body.code]).toEqual([403, "operator_role_too_small"]);
  expect(refused.body.detail).toContain("admin");
  expect((await ask("POST", "/operators/operator/disable")).body.code).toBe("operator_last_admin");
  expect(kept()).not.toContain(key);
  await node.close();
  await start();
  expect((await ask<{ name: string; role: string }>("GET", "/me", { key })).body).toMatchObject({
    name: "jane",
    role: "viewer",
  });
  const { records } = await admin().get<AuditPage>("/audit?limit=200");
  const hers = records.filter(({ by }) => by === "jane").map(({ facts }) => [facts["operation"], facts["status"]]);
  expect(hers.toReversed()).toEqual([
    ["listConnections", 200],
    ["addCaller", 403],
    ["me", 200],
  ]);
  expect(await admin().get("/audit/verification")).toMatchObject({ intact: true });
  expect(node.operatorKey).toEqual({ kind: "made-before" });
});
