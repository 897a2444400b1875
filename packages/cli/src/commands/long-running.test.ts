import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../testing/recorded-world.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const ID = "https://id.ledger.example";
const XERO = { EVERGRANT_XERO_CLIENT_ID: "REALCLIENTID", EVERGRANT_XERO_CLIENT_SECRET: "r3al-s3cret" };

// The recorded world asks every command to stop as soon as it runs.
describe("a command that runs until it is stopped", () => {
  test("start says where it listens and where its key is, and ends with 0", async () => {
    using folder = temporaryFolder();
    const args = ["start", "--port", "0", "--folder", folder.path];
    const ran = await run(args);
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toMatch(/^Evergrant listens at http:\/\/localhost:\d+$/m);
    expect(ran.out).toContain(join(folder.path, "operator-key"));
    expect(ran.out + ran.err).not.toContain("evk_");
    const again = JSON.parse((await run([...args, "--json"])).out);
    expect(again).toMatchObject({ folder: folder.path, operatorKey: { kind: "made-before" } });
  });

  test("start says where the console is, and does not start with half of what a sign-in elsewhere needs", async () => {
    using folder = temporaryFolder();
    const args = ["start", "--port", "0", "--folder", folder.path];
    const issuer = ["--oidc-issuer", "https://idp.example", "--oidc-client-id", "evergrant"];
    const secret = join(folder.path, "oidc-secret");
    expect((await run([...args, "--oidc-issuer", "https://idp.example"])).exitCode).toBe(2);
    expect((await run([...args, "--oidc-secret-file", secret])).exitCode).toBe(2);
    const unreadable = await run([...args, ...issuer, "--oidc-secret-file", secret, "--json"]);
    expect(JSON.parse(unreadable.err).error.code).toBe("sign_in_misconfigured");
    writeFileSync(secret, "the secret\n");
    const plain = await run([...args, "--oidc-issuer", "http://idp.example", "--oidc-client-id", "x", "--json"]);
    expect(JSON.parse(plain.err).error.code).toBe("sign_in_misconfigured");
    const ran = await run([...args, ...issuer, "--oidc-secret-file", secret, "--console-url", "https://a.example"]);
    expect([ran.exitCode, ran.out]).toEqual([0, expect.stringContaining("Console at https://a.example/console")]);
    const own = await run(args);
    expect(own.out).toMatch(/^Console at http:\/\/localhost:\d+\/console$/m);
  });

  test("start on a terminal shows the key, once, and writes it nowhere", async () => {
    using folder = temporaryFolder();
    const args = ["start", "--port", "0", "--folder", folder.path];
    expect((await run(args, { interactive: true })).out).toMatch(/evk_\S{20}/);
    expect((await run(args, { interactive: true })).out).not.toContain("evk_");
    expect(() => readFileSync(join(folder.path, "operator-key"))).toThrow();
  });

  test("sandbox says where it listens, and who can log in", async () => {
    const args = ["--dialect", "strict", "--seed", "5", "--smtp", "smtp://127.0.0.1:1025"];
    const ran = await run(["sandbox", "--port", "0", ...args]);
    expect(ran).toMatchObject({ exitCode: 0, err: "" });
    expect(ran.out).toMatch(/Control API at http:\/\/localhost:\d+\/__sandbox/);
    expect(ran.out).toMatch(/outbox at http:\/\/localhost:\d+\/__sandbox\/portal/);
    expect(ran.out).toContain("@demo.example");
  });

  test.each([
    [["--smtp", "localhost"], {}],
    [[], { EVERGRANT_SANDBOX_SMTP: "localhost" }],
  ])("sandbox takes a mail server by %s or %s, and says so if it is none", async (args, env) => {
    const ran = await run(["sandbox", "--port", "0", ...args], { env });
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain("smtp://host:port");
  });

  test("demo prints the link, and lines of at most 120 columns", async () => {
    using folder = temporaryFolder();
    const ran = await run(["demo", "--port", "0", "--sandbox-port", "0", "--folder", folder.path]);
    const facts = JSON.parse(readFileSync(join(folder.path, "demo.json"), "utf8"));
    expect(ran.out).toContain(facts.consentLink);
    expect(ran.out).toContain(`curl -s -u ${facts.clientId}:${facts.clientSecret}`);
    expect(ran.out).toContain(`${facts.sandbox.api}/api.xro/2.0/Organisation`);
    expect(ran.out.split("\n").filter((line) => line.length > 120 && !line.includes(folder.path))).toEqual([]);
  });
});

describe("a demo with a real provider", () => {
  test("says which redirect URI to register, and keeps the app's secret to itself", async () => {
    using folder = temporaryFolder();
    const args = ["demo", "--provider", "xero", "--port", "0", "--folder", folder.path];
    const ran = await run(args, { env: XERO });
    expect(ran).toMatchObject({ exitCode: 0, err: "" });
    expect(ran.out).toMatch(/Register this redirect URI .*\n +http:\/\/localhost:\d+\/oauth\/callback\/ap_/);
    expect(ran.out).toContain("https://api.xero.com/api.xro/2.0/Organisation");
    const file = readFileSync(join(folder.path, "demo.json"), "utf8");
    expect(JSON.parse(file)).toMatchObject({ sandbox: null, connection: "demo-company" });
    expect(ran.out + file).not.toContain("r3al-s3cret");
    const again = await run(args);
    expect(again).toMatchObject({ exitCode: 0, questions: [] });
  });

  test("may be one of your own", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "ledger.json");
    const endpoints = { kind: "fixed", issuer: ID, authorization: `${ID}/authorize`, token: `${ID}/token` };
    const api = { apiOrigins: ["https://api.ledger.example"], examplePath: "/v1/books" };
    writeFileSync(file, JSON.stringify({ id: "ledger", displayName: "Ledger", endpoints, ...api }));
    const args = ["demo", "--providers", file, "--port", "0", "--folder", join(folder.path, "demo")];
    const env = { EVERGRANT_LEDGER_CLIENT_ID: "id", EVERGRANT_LEDGER_CLIENT_SECRET: "r3al-s3cret" };
    const ran = await run([...args, "--provider", "ledger"], { env });
    expect(ran).toMatchObject({ exitCode: 0, err: "" });
    expect(ran.out).toContain("https://api.ledger.example/v1/books");
    expect(await run([...args, "--provider", "other"])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("ledger"),
    });
    expect((await run(args)).err).toContain("--provider");
  });

  test("asks for credentials on a terminal, and says what is missing elsewhere", async () => {
    using folder = temporaryFolder();
    const args = ["demo", "--provider", "xero", "--port", "0", "--folder", folder.path];
    const silent = await run(args);
    expect(silent.exitCode).toBe(2);
    expect(silent.err).toContain("EVERGRANT_XERO_CLIENT_ID and EVERGRANT_XERO_CLIENT_SECRET");
    const asked = await run(args, { interactive: true, answers: ["REALCLIENTID", "r3al-s3cret"] });
    expect(asked).toMatchObject({ exitCode: 0, questions: ["Client id of your app at xero", "Client secret"] });
  });

  test("is not mixed with the sandbox's, whose clock may have been moved", async () => {
    using folder = temporaryFolder();
    const sandboxed = ["demo", "--port", "0", "--sandbox-port", "0", "--folder", folder.path];
    expect((await run(sandboxed)).exitCode).toBe(0);
    const live = await run(["demo", "--provider", "xero", "--port", "0", "--folder", folder.path], { env: XERO });
    expect(live.exitCode).toBe(2);
    expect(live.err).toContain("Use another --folder");
  });
});
