import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DemoFacts } from "@evergrant/cli";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormBrowser } from "./kit/form-browser.ts";

const command = join(import.meta.dirname, "../packages/cli/src/evergrant.ts");
const CONDITIONS = "--conditions=@evergrant/source";

/** The facts of a demo that has a sandbox beside it. */
type SandboxFacts = DemoFacts & { readonly sandbox: NonNullable<DemoFacts["sandbox"]> };

let folder: string;
let running: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-demo-"));
  running = [];
});
afterEach(async () => {
  for (const child of running) await interrupted(child);
  rmSync(folder, { recursive: true, force: true });
});

describe("what npm start runs", () => {
  test("prints a link and commands that work, keeps its facts, ends on Ctrl-C and goes on at the next start", async () => {
    const first = await demo();
    const facts = readFacts();
    expect(statSync(join(folder, "demo.json")).mode & 0o777).toBe(0o600);
    expect(Object.keys(facts)).toEqual([
      "evergrant",
      "console",
      "issuer",
      "tokenEndpoint",
      "clientId",
      "clientSecret",
      "operatorKey",
      "connection",
      "consentLink",
      "sandbox",
    ]);
    for (const printed of [facts.consentLink, facts.tokenEndpoint, `${facts.sandbox.api}/api.xro/2.0/Organisation`])
      expect(first.output()).toContain(printed);

    expect((await consent(facts)).text()).toContain("Demo Company (NZ)");
    expect(await organisation(facts)).toBe("Demo Company (NZ)");
    const advanced = await fetch(`${facts.sandbox.control}/clock/advance`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"by":"40d"}',
    });
    expect(advanced.status).toBe(200);
    expect(await interrupted(first.child)).toBe(0);
    await expect(fetch(facts.evergrant)).rejects.toThrow();

    await demo();
    const again = readFacts();
    const { clientId, clientSecret, operatorKey, tokenEndpoint, sandbox } = facts;
    expect(again).toMatchObject({ clientId, clientSecret, operatorKey, tokenEndpoint, sandbox });
    const clock = (await (await fetch(`${again.sandbox.control}/clock`)).json()) as { offsetMs: number };
    expect(clock.offsetMs).toBeGreaterThan(39 * 86_400_000);
    expect(await organisation(again)).toBe("Demo Company (NZ)");
  });

  test("the commands of the terminal tell the same story, in words and as JSON", async () => {
    await demo();
    const facts = readFacts();
    await consent(facts);
    const token = JSON.parse(await evergrant("token", facts.connection, "--json")) as { access_token: string };
    expect(token.access_token).toMatch(/^ey/);
    expect(await evergrant("call", facts.connection, "/api.xro/2.0/Organisation")).toContain("Demo Company (NZ)");
    expect(await evergrant("connections")).toContain("connected");
    const why = await evergrant("why", facts.connection);
    expect(why).toContain("Connected and healthy");
    expect(why).toContain("no grant is lost if it is back within 27 min 55 s.");
    expect(JSON.parse(await evergrant("why", facts.connection, "--json"))).toMatchObject({
      connection: { status: "connected" },
      outages: expect.arrayContaining([expect.objectContaining({ event: "process-killed", safeForMs: 1_675_000 })]),
    });
    const added = JSON.parse(
      await evergrant("callers", "add", "second-server", "--may", `token:${facts.connection}`, "--json"),
    ) as { clientId: string };
    expect(added.clientId).toMatch(/^cl_/);
    const link = await evergrant("connect", "second", "--app", "demo-app");
    expect(link).toMatch(/http:\/\/localhost:\d+\/consent\//);
  });

  test("a taken port gives one clear sentence, and nothing is left half started", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
    const { port } = squatter.address() as AddressInfo;
    const ended = await promisify(execFile)(
      process.execPath,
      [CONDITIONS, command, "demo", "--port", String(port), "--sandbox-port", "0", "--folder", folder],
      { env: environment() },
    ).then(
      () => null,
      (error: { code: number; stderr: string }) => error,
    );
    squatter.close();
    expect(ended?.code).toBe(1);
    expect(ended?.stderr).toContain("port_taken");
    expect(ended?.stderr).toContain("--port");
    expect(ended?.stderr).not.toContain("    at ");
  });
});

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" };
}

async function demo(): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(
    process.execPath,
    [CONDITIONS, command, "demo", "--port", "0", "--sandbox-port", "0", "--folder", folder],
    { env: environment(), stdio: ["ignore", "pipe", "pipe"] },
  );
  running.push(child);
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ctrl-C ends everything")) resolve();
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  return { child, output: () => output };
}

async function interrupted(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  return await ended;
}

function readFacts(): SandboxFacts {
  return JSON.parse(readFileSync(join(folder, "demo.json"), "utf8")) as SandboxFacts;
}

async function consent(facts: SandboxFacts) {
  const browser = new FormBrowser();
  const landing = await browser.open(facts.consentLink);
  const login = await browser.press(landing, landing.forms()[0]?.buttons[0]?.text ?? "");
  const choose = await browser.press(login, "Log in", { email: "jane@demo.example", password: "sandbox" });
  const { name, value } = choose.choice("Demo Company (NZ)");
  return await browser.press(choose, "Allow access", { [name]: value });
}

// Exactly what the printed commands do.
async function organisation({
  clientId,
  clientSecret,
  tokenEndpoint,
  sandbox,
}: SandboxFacts): Promise<string | undefined> {
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  const answer = await fetch(tokenEndpoint, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const token = (await answer.json()) as { access_token: string; tenants: { id: string }[] };
  const headers = {
    authorization: `Bearer ${token.access_token}`,
    "xero-tenant-id": token.tenants[0]?.id ?? "",
    accept: "application/json",
  };
  const organisations = await fetch(`${sandbox.api}/api.xro/2.0/Organisation`, { headers });
  return ((await organisations.json()) as { Organisations: { Name: string }[] }).Organisations[0]?.Name;
}

async function evergrant(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CONDITIONS, command, ...words, "--folder", folder], {
    env: environment(),
  });
  return stdout;
}
