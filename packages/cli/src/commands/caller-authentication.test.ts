import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CallerAuthentication } from "@evergrant/contract";
import { describe, expect, test } from "vitest";
import { aCaller, fakeNode, type Heard, OPERATOR_KEY } from "../testing/fake-node.ts";
import { run } from "../testing/recorded-world.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY };
const issuer = "https://idp.example";
const audience = "https://tokens.example";

/** A node with one caller, which shows itself by keys from a URL and may call from one network. */
async function aNode() {
  const authentication: CallerAuthentication = {
    keys: { kind: "url", url: `${issuer}/jwks` },
    workloads: [],
    networks: ["10.0.0.0/8"],
    requestsPerMinute: null,
  };
  const caller = aCaller({ authentication });
  const answerOf = ({ method, path }: Heard): unknown => {
    if (path === "/api/v1/callers" && method === "POST")
      return { caller, clientId: caller.id, clientSecret: "the-secret" };
    if (path.endsWith("/secrets")) return { clientSecret: "the-second" };
    if (path === "/api/v1/me")
      return { name: "operator", role: "admin", publicUrl: "http://localhost", nowMs: 1_000, health: HEALTHY };
    return method === "GET" ? { callers: [caller] } : caller;
  };
  return await fakeNode((heard) => ({ status: 200, body: answerOf(heard) }));
}

const HEALTHY = { serving: true, refreshing: true, detail: null };

async function sent(args: readonly string[]) {
  await using node = await aNode();
  const ran = await run([...args, "--url", node.url], { env });
  const { method, path, body } = node.heard.at(-1) ?? { method: "", path: "", body: null };
  return { ran, request: `${method} ${path}`, body: body as { readonly authentication?: object } };
}

describe("callers add", () => {
  test("makes one with a secret where nothing else is named, within its limits", async () => {
    const { ran, request, body } = await sent(["callers", "add", "night", "--from", "10.0.0.0/8, ::1", "--rate", "60"]);
    expect([ran.exitCode, request]).toEqual([0, "POST /api/v1/callers"]);
    expect(body.authentication).toMatchObject({ networks: ["10.0.0.0/8", "::1"], requestsPerMinute: 60 });
    expect(ran.out).toContain("the-secret");
  });

  test("makes one without a secret where it has another way, unless it is to have both", async () => {
    const add = ["callers", "add", "night", "--keys", `${issuer}/jwks`];
    const { ran, request, body } = await sent(add);
    expect(request).toBe("POST /api/v1/callers/secretless");
    expect(body.authentication).toMatchObject({ keys: { kind: "url", url: `${issuer}/jwks` } });
    expect(ran.out).toContain("client id");
    expect((await sent([...add, "--secret"])).request).toBe("POST /api/v1/callers");
  });

  test("reads public keys from a file, and never sends a private one", async () => {
    using folder = temporaryFolder();
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const file = (name: string, text: string) => {
      writeFileSync(join(folder.path, name), text);
      return ["callers", "add", "night", "--keys", join(folder.path, name)];
    };
    const jwk = publicKey.export({ format: "jwk" });
    for (const text of [
      publicKey.export({ format: "pem", type: "spki" }).toString(),
      JSON.stringify(jwk),
      JSON.stringify({ keys: [jwk] }),
    ])
      expect((await sent(file("key", text))).body.authentication).toMatchObject({
        keys: { kind: "keys", keys: [jwk] },
      });
    for (const text of [
      privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      JSON.stringify(privateKey.export({ format: "jwk" })),
      "nothing",
      "-----BEGIN PUBLIC KEY-----",
    ]) {
      const { ran, request } = await sent(file("key", text));
      expect([ran.exitCode, request]).toEqual([2, " "]);
    }
  });

  test("describes workloads by their platforms' names", async () => {
    const { body } = await sent([
      ...["callers", "add", "night", "--github-actions"],
      `audience=${audience} repository-id=42 owner-id=7 claim.environment=production`,
      ...["--kubernetes", `issuer=${issuer} audience=${audience} namespace=books account=night keys=cluster.json`],
      ...["--oidc", `issuer=${issuer} audience=${audience} subject=a=b`],
    ]);
    expect(body.authentication).toMatchObject({
      workloads: [
        {
          kind: "kubernetes",
          namespace: "books",
          serviceAccount: "night",
          keys: { kind: "file", file: "cluster.json" },
        },
        { kind: "github-actions", repositoryId: "42", ownerId: "7", claims: { environment: "production" } },
        { kind: "oidc", subject: "a=b", keys: { kind: "discovery" } },
      ],
    });
  });

  test.each([
    ["--kubernetes", `issuer=${issuer} audience=${audience} namespace=books`],
    ["--github-actions", `audience=${audience} repository-id=42`],
    ["--oidc", `issuer=${issuer} audience=${audience} subject=a subject=b`],
    ["--oidc", `issuer=${issuer} audience=${audience} subject=a colour=red`],
    ["--oidc", "everybody"],
    ["--oidc", `issuer=${issuer} audience=${audience} subject=a keys=/etc/passwd`],
    ["--rate", "0"],
    ["--rate", "fast"],
    ["--keys", "/nowhere/key.pem"],
  ])("takes no %s %s", async (option, value) => {
    const { ran, request } = await sent(["callers", "add", "night", option, value]);
    expect([ran.exitCode, request]).toEqual([2, " "]);
  });
});

test("callers authenticate keeps what it does not name, and takes away what is to be none or any", async () => {
  const before = { keys: { kind: "url", url: `${issuer}/jwks` }, workloads: [], networks: ["10.0.0.0/8"] };
  const rate = await sent(["callers", "authenticate", "night", "--rate", "60"]);
  expect([rate.request, rate.body]).toEqual([
    "PUT /api/v1/callers/cl_1/authentication",
    { ...before, requestsPerMinute: 60 },
  ]);
  expect(rate.ran.out).toMatch(/1 secret, keys +10\.0\.0\.0\/8/);
  const away = await sent(["callers", "authenticate", "night", "--keys", "none", "--from", "any", "--oidc", "none"]);
  expect(away.body).toEqual({ keys: null, workloads: [], networks: null, requestsPerMinute: null });
  expect((await sent(["callers", "authenticate", "night"])).ran.exitCode).toBe(2);
});

test("callers secret and remove-secret name the secret's end, by Evergrant's clock, and its id", async () => {
  const lasting = await sent(["callers", "secret", "night"]);
  expect(lasting.body).toEqual({ expiresAtMs: null });
  const brief = await sent(["callers", "secret", "night", "--expires", "90"]);
  expect(brief.body).toEqual({ expiresAtMs: 1_000 + 90 * 86_400_000 });
  expect((await sent(["callers", "remove-secret", "night", "sc_1"])).request).toBe(
    "DELETE /api/v1/callers/cl_1/secrets/sc_1",
  );
});
