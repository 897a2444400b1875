import type { Operator } from "@evergrant/contract";
import { describe, expect, test } from "vitest";
import { fakeNode, type Heard, OPERATOR_KEY } from "../testing/fake-node.ts";
import { run } from "../testing/recorded-world.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY };
const issuer = "https://idp.example";
const DAY_MS = 86_400_000;

const JANE: Operator = {
  ...{ id: "op_1", name: "jane", role: "operator", identity: { kind: "email", issuer, email: "jane@example.com" } },
  keys: [{ id: "ok_1", createdAtMs: 0, expiresAtMs: null, lastUsedAtMs: null }],
  ...{ identityLastUsedAtMs: null, disabledAtMs: null, createdAtMs: 0 },
};

async function sent(args: readonly string[]) {
  const answerOf = ({ method, path }: Heard): unknown => {
    if (path === "/api/v1/me") {
      const health = { serving: true, refreshing: true, detail: null };
      return { name: "operator", role: "admin", publicUrl: "http://localhost", nowMs: 1_000, health };
    }
    if (method === "POST" && path === "/api/v1/operators") return { operator: JANE, operatorKey: "evk_new" };
    if (path.endsWith("/keys")) return { operatorKey: "evk_second" };
    return path === "/api/v1/operators" ? { operators: [JANE] } : JANE;
  };
  await using node = await fakeNode((heard) => ({ status: 200, body: answerOf(heard) }));
  const ran = await run(["operators", ...args, "--url", node.url], { env });
  const { method, path, body } = node.heard.at(-1) ?? { method: "", path: "", body: null };
  return { ran, request: `${method} ${path}`, body };
}

describe("operators", () => {
  test("are listed with roles, keys by id, and how they sign in", async () => {
    const { ran, request } = await sent([]);
    expect([ran.exitCode, request]).toEqual([0, "GET /api/v1/operators"]);
    expect(ran.out).toMatch(/jane +operator +ok_1 +jane@example.com at https:\/\/idp.example +never +enabled/);
  });

  test("are added with a role, a key that is shown once, for so many days of Evergrant's clock", async () => {
    const { ran, request, body } = await sent(["add", "jane", "--role", "operator", "--expires", "2"]);
    expect([ran.exitCode, request]).toEqual([0, "POST /api/v1/operators"]);
    expect(body).toEqual({ name: "jane", role: "operator", key: { expiresAtMs: 1_000 + 2 * DAY_MS }, identity: null });
    expect(ran.out).toContain("evk_new");
  });

  test("are added without a key only where they can sign in elsewhere", async () => {
    const without = ["add", "jane", "--role", "viewer", "--no-key"];
    expect((await sent(without)).ran.exitCode).toBe(2);
    const { body } = await sent([...without, "--issuer", issuer, "--subject", "s-1"]);
    expect(body).toMatchObject({ key: null, identity: { kind: "subject", issuer, subject: "s-1" } });
  });

  test.each([
    ["role jane admin", "PUT /api/v1/operators/jane/role", { role: "admin" }],
    ["key jane", "POST /api/v1/operators/jane/keys", { expiresAtMs: null }],
    ["remove-key jane ok_1", "DELETE /api/v1/operators/jane/keys/ok_1", ""],
    ["identity jane --none", "PUT /api/v1/operators/jane/identity", { identity: null }],
    [
      `identity jane --issuer ${issuer} --email a@b.example`,
      "PUT /api/v1/operators/jane/identity",
      { identity: { kind: "email", issuer, email: "a@b.example" } },
    ],
    ["disable jane", "POST /api/v1/operators/jane/disable", ""],
    ["enable jane", "POST /api/v1/operators/jane/enable", ""],
  ])("%s asks the node for that", async (line, expected, body) => {
    const got = await sent(line.split(" "));
    expect([got.ran.exitCode, got.request, got.body]).toEqual([0, expected, body]);
  });

  test.each([
    "add jane",
    "add jane --role boss",
    "role jane boss",
    "identity jane",
    `identity jane --none --issuer ${issuer} --subject s`,
    `identity jane --issuer ${issuer}`,
    `identity jane --issuer ${issuer} --subject s --email a@b.example`,
  ])("%s is a wrong command line, and asks nothing", async (line) => {
    expect((await sent(line.split(" "))).ran.exitCode).toBe(2);
  });
});
