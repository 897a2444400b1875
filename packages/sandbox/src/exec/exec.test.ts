import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createSandbox } from "../create-sandbox.ts";
import { runSandboxCommand, SandboxCommand } from "../testing/sandbox-command.ts";
import { findFaketime } from "./faketime.ts";

const has = (program: string): boolean => {
  try {
    return execFileSync(program, ["--version"]).length > 0;
  } catch {
    return false;
  }
};
const discovery = "https://identity.xero.com/.well-known/openid-configuration";
const folder = mkdtempSync(join(tmpdir(), "evergrant-exec-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let written = 0;

/** A Node program as a command. */
function node(program: string): readonly string[] {
  written += 1;
  const file = join(folder, `program-${written}.mjs`);
  writeFileSync(file, program);
  return ["--", process.execPath, file];
}
const exec = (options: readonly string[], command: readonly string[]) =>
  runSandboxCommand(["exec", ...options, ...command]);

/** Moves the sandbox's clock from inside a program. */
const MOVE = `const move = async (by) => (await fetch(process.env.EVERGRANT_SANDBOX_CONTROL + "/clock/advance", {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ by }) })).json();`;

describe("sandbox exec", () => {
  test("runs a Node program whose fetch and https reach the sandbox under Xero's names", async () => {
    const program = `
      import https from "node:https";
      import { get } from "node:https";
      const issuers = [(await (await fetch("${discovery}")).json()).issuer];
      for (const ask of [https.get, get])
        issuers.push(JSON.parse(await new Promise((resolve) => ask("${discovery}", async (answer) =>
          resolve((await answer.toArray()).join(""))))).issuer);
      const api = await fetch("https://api.xero.com/connections");
      console.log(JSON.stringify({ issuers, api: api.status, client: process.env.EVERGRANT_SANDBOX_CLIENT_ID.length }));`;
    const { out, status } = await exec([], node(program));
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual({ issuers: Array(3).fill("https://identity.xero.com"), api: 401, client: 32 });
  });

  test("runs a program that is not Node the same way, and lets it reach no other machine (needs curl)", async (context) => {
    context.skip(!has("curl"), "curl is not on this machine");
    const ended = await exec([], ["--", "curl", "-s", discovery]);
    expect(JSON.parse(ended.out).issuer).toBe("https://identity.xero.com");
    const plain = await exec([], ["--", "curl", "-s", "http://identity.xero.com/.well-known/openid-configuration"]);
    expect(JSON.parse(plain.out).issuer).toBe("https://identity.xero.com");
    const refused = await exec([], ["--", "curl", "-s", "https://example.com/"]);
    expect(refused.status).not.toBe(0);
    expect(refused.err).toContain("host_refused: example.com is no host of Xero's. Add --allow-others");
  });

  test("refuses a Node program other machines, and says how to let it", async () => {
    const program = 'await fetch("https://example.com/").catch((error) => console.log(error.cause.message));';
    const { out } = await exec([], node(program));
    expect(out).toMatch(/^host_refused: .* refuses example\.com\. Add --allow-others/);
  });

  const address = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
  test("lets others through when told so (needs curl and a network)", async (context) => {
    context.skip(address === undefined || !has("curl"), "curl or a network is not on this machine");
    const other = createServer((_request, response) => response.end("another machine"));
    await new Promise<void>((resolve) => other.listen(0, "0.0.0.0", resolve));
    const url = `http://${address}:${(other.address() as AddressInfo).port}/`;
    try {
      expect((await exec([], ["--", "curl", "-s", url])).out).toContain("host_refused");
      expect((await exec(["--allow-others"], ["--", "curl", "-s", url])).out).toBe("another machine");
      expect((await exec(["--allow-others"], ["--", "curl", "-s", "-p", url])).out).toBe("another machine");
    } finally {
      other.close();
    }
  });

  test("ends as the program ends", async () => {
    expect((await exec([], ["--", "sh", "-c", "exit 7"])).status).toBe(7);
    expect((await exec([], ["--", "sh", "-c", "kill -TERM $$"])).signal).toBe("SIGTERM");
    expect(await exec([], ["--", "no-such-program"])).toMatchObject({
      status: 127,
      err: expect.stringContaining("program_not_started: There is no program no-such-program."),
    });
    expect((await exec([], ["--", import.meta.dirname])).status).toBe(126);
  });

  test("passes signals on, and leaves no file behind", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("evergrant-sandbox-"));
    const program = 'process.on("SIGTERM", () => process.exit(42)); console.log("ready"); setInterval(() => {}, 1000);';
    await using command = new SandboxCommand(["exec", ...node(program)]);
    await command.said(/ready/);
    command.child.kill("SIGTERM");
    expect(await command.ended).toMatchObject({ status: 42, signal: null });
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith("evergrant-sandbox-"));
    expect(left.filter((name) => !before.includes(name) && existsSync(`${tmpdir()}/${name}/authority.pem`))).toEqual(
      [],
    );
  });

  test("joins a sandbox that runs, and what is lost there is lost here", async () => {
    await using sandbox = await createSandbox();
    sandbox.control.placeFault({ endpoint: "token", point: "after-commit-before-headers", action: { kind: "drop" } });
    const program = `const ask = () => fetch("https://identity.xero.com/connect/token", { method: "POST",
      headers: { authorization: "Basic " + btoa(process.env.EVERGRANT_SANDBOX_CLIENT_ID + ":" + process.env.EVERGRANT_SANDBOX_CLIENT_SECRET) },
      body: new URLSearchParams({ grant_type: "client_credentials" }) }).then((answer) => answer.status, () => "lost");
      console.log(await ask(), await ask());`;
    const { out } = await exec(["--url", sandbox.urls.control, "--quiet"], node(program));
    expect(out).toBe("lost 200\n");
    expect(sandbox.control.requests().filter(({ committed }) => committed)).toHaveLength(2);
    expect(sandbox.control.clock().followers).toEqual([]);
  });
});

describe("the clock of a program in sandbox exec", () => {
  test("is the sandbox's from its first line, also in test contexts and workers", async () => {
    const program = `import vm from "node:vm"; import { isMainThread, parentPort, Worker } from "node:worker_threads";
      if (!isMainThread) { parentPort.postMessage(Date.now()); process.exit(); }
      const inWorker = await new Promise((resolve) => new Worker(new URL(import.meta.url)).once("message", resolve));
      const times = [Date.now(), +new Date(), Date.parse(Date()), vm.runInContext("Date.now()", vm.createContext()), inWorker];
      console.log(JSON.stringify({ years: times.map((ms) => new Date(ms).getUTCFullYear()),
        kept: [new Date(0).toISOString(), new Date() instanceof Date, new Date().constructor === Date, Date.UTC(2000, 0)] }));`;
    const { out } = await exec(["--clock", "2080-06-01"], node(program));
    expect(JSON.parse(out)).toEqual({
      years: [2080, 2080, 2080, 2080, 2080],
      kept: ["1970-01-01T00:00:00.000Z", true, true, 946_684_800_000],
    });
  });

  test("moves with it: timers fire at their instants, in order, and none is kept waiting", async () => {
    const program = `${MOVE}
      import { setTimeout as pause } from "node:timers/promises"; import { AsyncLocalStorage } from "node:async_hooks";
      const began = Date.now(); const heard = []; const context = new AsyncLocalStorage();
      const minutes = () => Math.floor((Date.now() - began) / 60_000);
      setTimeout((word) => heard.push([word, minutes()]), 25 * 60_000, "token");
      const ticks = setInterval(() => heard.push(["tick", minutes()]), 10 * 60_000);
      const cleared = setTimeout(() => heard.push(["cleared", minutes()]), 60_000); clearTimeout(+cleared);
      const refreshed = setTimeout(() => heard.push(["refreshed", minutes()]), 60_000);
      pause(12 * 60_000, "pause").then((word) => heard.push([word, minutes()]));
      context.run("mine", () => setTimeout(() => heard.push([context.getStore(), minutes()]), 20 * 60_000 + 5000));
      setTimeout(() => heard.push(["short", minutes()]), 5000);
      await move("30s"); refreshed.refresh();
      await move("31m"); clearInterval(ticks);
      console.log(JSON.stringify({ heard, minutes: minutes() }));`;
    const { out } = await exec([], node(program));
    expect(JSON.parse(out)).toEqual({
      heard: [
        ["short", 0],
        ["refreshed", 1],
        ["tick", 10],
        ["pause", 12],
        ["tick", 20],
        ["mine", 20],
        ["token", 25],
        ["tick", 30],
      ],
      minutes: 31,
    });
  });

  test("lets a program live through two days that refreshes by its own timer, each refresh answered before time goes on", async () => {
    await using sandbox = await createSandbox();
    const program = `
      const ask = () => fetch("https://identity.xero.com/connect/token", { method: "POST",
        headers: { authorization: "Basic " + btoa(process.env.EVERGRANT_SANDBOX_CLIENT_ID + ":" + process.env.EVERGRANT_SANDBOX_CLIENT_SECRET) },
        body: new URLSearchParams({ grant_type: "client_credentials" }) });
      const renew = async () => { const { expires_in } = await (await ask()).json(); setTimeout(renew, (expires_in - 300) * 1000); };
      await renew(); console.log("ready");`;
    await using command = new SandboxCommand(["exec", "--url", sandbox.urls.identity, "--quiet", ...node(program)]);
    await command.said(/ready/);
    const before = sandbox.control.clock().nowMs;
    await sandbox.control.advance({ by: "2d" });
    const asked = sandbox.control.requests().filter(({ endpoint }) => endpoint === "token");
    // One each 25 minutes, and the first.
    expect(asked.length).toBe(Math.floor((2 * 24 * 60) / 25) + 1);
    expect(sandbox.control.clock().nowMs - before).toBeGreaterThanOrEqual(2 * 86_400_000);
  });

  test("is not held up by a program that is blocked", async () => {
    await using sandbox = await createSandbox();
    const program = 'setTimeout(() => { console.log("ready"); for (;;); }, 300)';
    await using command = new SandboxCommand(["exec", "--url", sandbox.urls.identity, ...node(program)]);
    await command.said(/ready/);
    sandbox.control.schedule({
      at: sandbox.control.clock().nowMs + 3_600_000,
      action: { kind: "reset-demo-company", organisationId: sandbox.control.organisations()[0]?.id ?? "" },
    });
    const { steps } = await sandbox.control.advance({ by: "1d" });
    expect(steps).toBe(2);
    expect(sandbox.control.clock().offsetMs).toBeGreaterThan(86_000_000);
    command.child.kill("SIGTERM");
    await command.ended;
  });

  const library = process.env["EVERGRANT_TEST_FAKETIME"] ?? findFaketime(process.platform);
  test("is the sandbox's for other programs too (needs libfaketime and python3)", async (context) => {
    context.skip(library === null || !has("python3"), "libfaketime or python3 is not on this machine");
    const program = `import os, time, urllib.request
before = time.time()
move = urllib.request.Request(os.environ["EVERGRANT_SANDBOX_CONTROL"] + "/clock/advance", data=b'{"by":"31m"}', headers={"content-type": "application/json"})
urllib.request.urlopen(move).read()
print(int(time.time() - before) // 60, urllib.request.urlopen("${discovery}").status)`;
    const ended = await exec(["--faketime", library ?? "", "--clock", "1d"], ["--", "python3", "-c", program]);
    expect(ended.out).toBe("31 200\n");
    const inNode = await exec(
      ["--faketime", library ?? "", "--clock", "2080-06-01"],
      node("console.log(new Date().getUTCFullYear())"),
    );
    expect(inNode.out).toBe("2080\n");
  });

  test("is left alone, with a word about it, where there is no libfaketime", async () => {
    const ended = await exec(["--no-faketime", "--clock", "1d"], ["--", "sh", "-c", "true"]);
    expect(ended.err).toContain("without libfaketime only Node programs see it");
    const quiet = await exec(["--no-faketime", "--clock", "1d"], node(""));
    expect(quiet.err).not.toContain("libfaketime");
  });
});
