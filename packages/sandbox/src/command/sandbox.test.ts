import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createSandbox } from "../create-sandbox.ts";
import { DEMO_CLIENT_ID } from "../demo-data.ts";
import { runSandboxCommand, SandboxCommand } from "../testing/sandbox-command.ts";

const hasCurl = (() => {
  try {
    return execFileSync("curl", ["--version"]).length > 0;
  } catch {
    return false;
  }
})();

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "evergrant-sandbox-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

describe("sandbox start", () => {
  test("says where it is, and the lines that it prints give a token and half an hour (needs curl)", async (context) => {
    context.skip(!hasCurl, "curl is not on this machine");
    await using command = new SandboxCommand(["--port", "0"]);
    const text = await command.said(/Ctrl-C ends it/);
    const lines = text.split("\n").filter((line) => line.includes("curl -s"));
    const [token = "", advance = ""] = lines;
    const run = async (line: string) => JSON.parse((await promisify(execFile)("sh", ["-c", line])).stdout);
    expect(await run(token)).toMatchObject({ token_type: "Bearer", expires_in: 1800 });
    expect((await run(advance)).offsetMs).toBeGreaterThan(30 * 60_000);
    expect(text.split("\n").slice(0, 1)[0]).toMatch(/^The sandbox is at http:\/\/localhost:\d+ /);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends with 0 at %s, and leaves its port", async (signal) => {
    await using command = new SandboxCommand(["start", "--port", "0", "--json"]);
    const facts = JSON.parse(await command.said(/\}\n/));
    expect((await fetch(`${facts.control}/clock`)).status).toBe(200);
    command.child.kill(signal);
    expect(await command.ended).toMatchObject({ status: 0, signal: null, err: "" });
    await using again = await createSandbox({ port: Number(new URL(facts.identity).port) });
    expect(again.urls.identity).toBe(facts.identity);
  });

  test("takes dialect, seed, switches, redirect URIs and the time from the command line", async () => {
    const args = ["start", "--port", "0", "--json", "--dialect", "strict", "--seed", "9", "--clock", "2090-01-01"];
    const more = ["--switch", "code.ttl_seconds=60", "callback.iss=false", "--redirect-uri", "http://localhost:9/back"];
    await using command = new SandboxCommand([...args, ...more]);
    const { control } = JSON.parse(await command.said(/\}\n/));
    const get = async (path: string) => (await fetch(`${control}/${path}`)).json();
    expect(await get("switches")).toMatchObject({ rotation: "strict", "code.ttl_seconds": 60, "callback.iss": false });
    expect((await get("clock")).now).toMatch(/^2090-01-01/);
    expect((await get("apps"))[0].redirectUris).toEqual(["http://localhost:9/back"]);
  });

  test("keeps its authority for whoever trusts it", async () => {
    using folder = temporaryFolder();
    const args = ["start", "--port", "0", "--json", "--tls-port", "0", "--tls-folder", join(folder.path, "tls")];
    const tokenOverTls = async () => {
      await using command = new SandboxCommand(args);
      const facts = JSON.parse(await command.said(/\}\n/));
      const program = `fetch("${facts.tls}/.well-known/openid-configuration").then((a) => a.json()).then((j) => console.log(j.issuer))`;
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: facts.authority, NODE_OPTIONS: "" };
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { env });
      expect(stdout.trim()).toBe(facts.tls);
      return facts.authority;
    };
    expect(await tokenOverTls()).toBe(await tokenOverTls());
  });

  test("refuses what cannot be with a code and a sentence", async () => {
    await using sandbox = await createSandbox();
    const taken = await runSandboxCommand(["start", "--port", String(sandbox.port)]);
    expect(taken).toMatchObject({ status: 1, out: "" });
    expect(taken.err).toMatch(/^port_taken: Port \d+ on 127\.0\.0\.1 is taken\./);
    const folder = await runSandboxCommand(["--port", "0", "--tls-port", "0", "--tls-folder", "/dev/null/no"]);
    expect(folder).toMatchObject({ status: 1, err: expect.stringMatching(/^certificates_unusable: /) });
  });

  test.each([
    [["--port", "seventy"], 2, /^command_line_invalid: .*A port is a whole number/],
    [["--dialect", "klingon"], 2, /^command_line_invalid: .*Allowed choices are xero/],
    [["--switch", "grace.seconds"], 2, /^command_line_invalid: .*name=value/],
    [["begin"], 2, /^command_line_invalid: /],
    [["--switch", "grace.seconds=soon"], 1, /^unknown_switch_value: /],
    [["--smtp", "localhost"], 1, /^smtp_url_invalid: /],
    [["--clock", "1990-01-01"], 1, /^clock_backwards: /],
    [["--clock", "soon"], 1, /^bad_request: /],
    [["exec"], 125, /^command_line_invalid: /],
    [["exec", "--url", "http://192.0.2.1", "--", "true"], 125, /^command_line_invalid: .*on this machine/],
    [["exec", "--url", "http://localhost:9", "--", "true"], 125, /^sandbox_unreachable: /],
    [["advance", "31m", "--url", "http://localhost:9"], 1, /^sandbox_unreachable: /],
  ] as const)("%j ends with %d and says why", async (args, status, sentence) => {
    const ended = await runSandboxCommand(
      args[0] === "exec" || args[0] === "advance" ? args : ["--port", "0", ...args],
    );
    expect(ended).toMatchObject({ status, out: "", err: expect.stringMatching(sentence) });
    expect(ended.err).not.toMatch(/^\s+at /m);
  });
});

test("a Node that is too old is told which one is needed", async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  const ended = await runSandboxCommand([], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}`,
  });
  expect(ended).toMatchObject({
    status: 1,
    err: "node_too_old: The sandbox needs Node 22.18 or newer; this is 20.20.2.\n",
  });
});

describe("a running sandbox", () => {
  test("is moved, and loses an answer, by a command", async () => {
    await using sandbox = await createSandbox();
    const url = ["--url", sandbox.urls.identity];
    const beforeMs = sandbox.control.clock().nowMs;
    expect((await runSandboxCommand(["advance", "61d", ...url])).out).toMatch(/^It is \d{4}-/);
    expect(sandbox.control.clock().nowMs - beforeMs).toBeGreaterThanOrEqual(61 * 86_400_000);
    expect(await runSandboxCommand(["lose-next-refresh", DEMO_CLIENT_ID, ...url])).toMatchObject({
      status: 0,
      err: "",
    });
    expect(sandbox.control.faults()).toMatchObject([
      {
        clientId: DEMO_CLIENT_ID,
        grantType: "refresh_token",
        point: "after-commit-before-headers",
        action: { kind: "drop" },
      },
    ]);
    const unknown = await runSandboxCommand(["lose-next-refresh", "AB12", ...url]);
    expect(unknown).toMatchObject({ status: 1, err: expect.stringMatching(/^not_found: /) });
    const back = await runSandboxCommand(["advance", "1990-01-01", ...url]);
    expect(back).toMatchObject({ status: 1, err: expect.stringMatching(/^clock_backwards: /) });
  });
});
