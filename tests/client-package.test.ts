import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aWorld, type World } from "./kit/world.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "evergrant-client-package-"));
const tarball = join(folder, "evergrant-client-0.1.0.tgz");
const installed = join(folder, "node_modules/@evergrant/client");
let world: World;

/** As a user has it: nothing of this repository's conditions, folders or npm settings. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name)));
const run = async (program: string, args: readonly string[], more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) =>
  (await promisify(execFile)(program, args, { cwd: folder, env, timeout: 60_000, ...more })).stdout;
const tool = (path: string) => join(root, "node_modules", path);

beforeAll(async () => {
  world = await aWorld();
  await world.connected();
  await run("npm", ["pack", "--workspace", "packages/client", "--pack-destination", folder, "--silent"], { cwd: root });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  // Offline: it needs nothing but itself.
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", tarball]);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const asCaller = () => ({
  ...env,
  EVERGRANT_URL: world.url,
  EVERGRANT_CLIENT_ID: world.caller.clientId,
  EVERGRANT_CLIENT_SECRET: world.caller.clientSecret,
});

describe("the package of the client, installed in an empty folder", () => {
  test("is one package, without tests and without source", () => {
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(manifest.dependencies).toEqual({});
    const packages = globSync(["node_modules/*", "node_modules/@*/*"], { cwd: folder });
    expect(packages.sort()).toEqual(["node_modules/@evergrant", "node_modules/@evergrant/client"]);
    const files = globSync("**/*", { cwd: installed });
    expect(files).toContain("README.md");
    expect(files.filter((file) => /\.test\.|testing|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test("needs none of ours, neither when it runs nor for its types", () => {
    const text = globSync("dist/**/*", { cwd: installed, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
    expect(text.match(/(from|import\()\s*["']@evergrant/g)).toBeNull();
  });

  test("has nothing that publint or Are The Types Wrong would mend", async () => {
    const linted = await run(process.execPath, [tool("publint/src/cli.js"), "run", tarball, "--strict"]);
    expect(linted).toContain("All good!");
    // It is ESM alone, which `require` takes since Node 22.12: the next test does it.
    const judge = [tool("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only", "--no-color"];
    await expect(run(process.execPath, [...judge, "--no-emoji"])).resolves.toContain("@evergrant/client/xero-node");
  });

  test("works by import and by require", async () => {
    const use = `const client = createClient({ url: process.env.EVERGRANT_URL, connection: "acme",
      clientId: process.env.EVERGRANT_CLIENT_ID, clientSecret: process.env.EVERGRANT_CLIENT_SECRET });
      client.accessToken().then(({ tenants }) => { console.log(tenants[0].name); return client.close(); });`;
    writeFileSync(join(folder, "esm.mjs"), `import { createClient } from "@evergrant/client";\n${use}`);
    writeFileSync(join(folder, "cjs.cjs"), `const { createClient } = require("@evergrant/client");\n${use}`);
    for (const file of ["esm.mjs", "cjs.cjs"])
      expect(await run(process.execPath, [file], { env: asCaller() })).toBe("Demo Company (NZ)\n");
  });

  test("has types that hold, also with the libraries checked, and refuse what is wrong", async () => {
    const source = `import { ClientError, createClient, type Client } from "@evergrant/client";
import { withEvergrant, type XeroTokenSet } from "@evergrant/client/xero-node";
const client: Client = createClient({ issuer: "https://evergrant.example/connections/acme", clientId: "a", clientSecret: async () => "b" });
export const left: Promise<number> = client.accessToken({ minTtlMs: 5 }).then(({ expiresInMs }) => expiresInMs);
export const answer: Promise<Response> = client.fetch("https://api.example/", { tenant: "t", method: "POST" });
export const xero = withEvergrant(client, { setTokenSet: (_set: XeroTokenSet) => {}, readTokenSet: () => null, ownApi: 1 }).ownApi;
export const isOne = (error: unknown) => error instanceof ClientError && error.consentUrl?.reveal();
// @ts-expect-error: a token is no text
export const text: Promise<string> = client.accessToken().then(({ accessToken }) => accessToken);
// @ts-expect-error: one of url and issuer
createClient({ clientId: "a", clientSecret: "b" });
`;
    writeFileSync(join(folder, "typed.ts"), source);
    const types = ["--typeRoots", tool("@types"), "--types", "node", "--strict", "--noEmit", "--target", "es2024"];
    const modern = ["--module", "nodenext", "--lib", "es2024,esnext.disposable", "--exactOptionalPropertyTypes"];
    await run(process.execPath, [tool("typescript/bin/tsc"), ...types, ...modern, "typed.ts"]);
  });
});

describe("the client's README", () => {
  const readme = readFileSync(join(root, "packages/client/README.md"), "utf8");
  const programs = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, program = ""]) => program);

  test("has programs", () => {
    expect(programs).toHaveLength(3);
  });

  test.each(programs.map((program, index) => [index + 1, program] as const))(
    "shows a program (%i) that prints what it says",
    async (index, program) => {
      if (program.includes("xero-node")) symlinkOnce("xero-node");
      const file = join(folder, `readme-${index}.mjs`);
      writeFileSync(file, atSandbox(program));
      const promised = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line = ""]) => line);
      expect(promised.length).toBeGreaterThan(0);
      const printed = await run(process.execPath, [file], { env: asCaller() });
      expect(printed.trim().split("\n")).toEqual(promised);
    },
  );

  // The sandbox stands where Xero does; all else is as printed.
  function atSandbox(program: string): string {
    const { api } = world.sandbox.urls;
    const xero = `const at = (xero) => { xero.accountingApi.basePath = "${api}/api.xro/2.0"; return xero; };\n`;
    const led = program.replaceAll("https://api.xero.com", api).replace("new XeroClient()", "at(new XeroClient())");
    return led.replace(/^(?!import)/m, `${xero}$&`);
  }

  function symlinkOnce(name: string): void {
    const link = join(folder, "node_modules", name);
    rmSync(link, { force: true });
    symlinkSync(tool(name), link);
  }
});
