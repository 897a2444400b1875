import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "evergrant-package-"));
const bin = join(folder, "node_modules/.bin/sandbox");
const hasCurl = (() => {
  try {
    return execFileSync("curl", ["--version"]).length > 0;
  } catch {
    return false;
  }
})();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a user has it: nothing of this repository's conditions, folders or npm settings. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name)));
const run = async (program: string, args: readonly string[], cwd = folder) =>
  (await promisify(execFile)(program, args, { cwd, env, maxBuffer: 16 * 1024 * 1024 })).stdout;

/** A registry may let one connection of many hang: npm would wait for it for five minutes. */
const PATIENT = ["--fetch-timeout=20000", "--fetch-retries=4"];
const INSTALLED_WITHIN_MS = 5 * 60_000;

beforeAll(async () => {
  await run("npm", ["pack", "--workspace", "packages/sandbox", "--pack-destination", folder, "--silent"], root);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...quiet, ...PATIENT, join(folder, "evergrant-sandbox-0.1.0.tgz")]);
}, INSTALLED_WITHIN_MS);

interface Started {
  readonly facts: { readonly identity: string; readonly clientId: string; readonly clientSecret: string };
  readonly pid: number;
  end(): Promise<number | null>;
}

async function startSandbox(): Promise<Started> {
  const child = spawn(bin, ["start", "--port", "0", "--json"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let out = "";
  for await (const piece of child.stdout) {
    out += piece;
    if (out.includes("\n")) break;
  }
  const end = () => {
    child.kill("SIGINT");
    return ended;
  };
  return { facts: JSON.parse(out), pid: child.pid ?? 0, end };
}

const askToken = ({ identity, clientId, clientSecret }: Started["facts"]) =>
  fetch(`${identity}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });

/** The code blocks of the README: language, text, and the file that the first line may name. */
const blocks = [
  ...readFileSync(join(root, "packages/sandbox/README.md"), "utf8").matchAll(/^```(\w*)\n(.*?)^```$/gms),
].map(([, language = "", text = ""]) => ({ language, text, file: /^\/\/ (\S+)\n/.exec(text)?.[1] ?? null }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the README of the sandbox", () => {
  test("has no code block but those that are run here", () => {
    expect(blocks.map(({ language, file }) => file ?? language)).toEqual([
      ...["sh", "sh", "sh", "sh"],
      ...["token.test.ts", "later.test.js", "sh", "lost-answer.js"],
    ]);
  });

  test("shows commands that do what it says (needs curl)", async (context) => {
    context.skip(!hasCurl, "curl is not on this machine");
    const port = await freePort();
    const lines = blocks
      .filter(({ language }) => language === "sh")
      .map(({ text }) => text.replaceAll("4181", `${port}`));
    const [start = "", token = "", later = "", exec = "", tested = ""] = lines;
    const sh = (text: string) => run("sh", ["-ec", text]);
    const sandbox = spawn("sh", ["-c", `exec ${start.trim()} --port ${port}`], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    try {
      for await (const piece of sandbox.stdout) if (String(piece).includes("Ctrl-C")) break;
      expect(JSON.parse(await sh(token))).toMatchObject({ expires_in: 1800 });
      const said = await sh(`export EVERGRANT_SANDBOX_URL=http://localhost:${port}\n${later}`);
      expect(said).toMatch(/^It is \d{4}-.*\nThe answer to the next refresh will be lost\.\n$/);
      writeFileSync(
        join(folder, "your-program.js"),
        'console.log((await fetch("https://api.xero.com/connections")).status);',
      );
      expect(await sh(exec)).toBe("401\n");
      for (const { file, text } of blocks) if (file === "later.test.js") writeFileSync(join(folder, file), text);
      expect(await sh(tested)).toMatch(/# pass 1|pass 1/);
    } finally {
      // npx and what it runs are one group.
      process.kill(-(sandbox.pid ?? 0), "SIGTERM");
    }
  });

  test("shows a test that passes, and a program that loses an answer", async () => {
    for (const { file, text } of blocks) if (file !== null) writeFileSync(join(folder, file), text);
    symlinkSync(join(root, "node_modules/vitest"), join(folder, "node_modules/vitest"));
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    expect(await run(process.execPath, [vitest, "run", "token.test.ts"])).toMatch(/1 passed/);
    expect(await run(process.execPath, ["lost-answer.js"])).toMatch(/^http:\/\/localhost:\d+\n/);
  });
});

describe("the package of the sandbox, installed in an empty folder", () => {
  test("brings nothing of ours but itself, and no test", async () => {
    const manifest = JSON.parse(readFileSync(join(folder, "node_modules/@evergrant/sandbox/package.json"), "utf8"));
    expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith("@evergrant/"))).toEqual([]);
    const files = await run("find", [join(folder, "node_modules/@evergrant/sandbox"), "-type", "f"]);
    expect(files).toContain("/README.md");
    expect(files.split("\n").filter((file) => /\.test\.|\/testing\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test("starts by its command, gives a token and ends with 0", async () => {
    const sandbox = await startSandbox();
    const answer = await askToken(sandbox.facts);
    expect(await answer.json()).toMatchObject({ token_type: "Bearer", expires_in: 1800 });
    expect(await sandbox.end()).toBe(0);
    expect(await run(bin, ["--version"])).toBe("0.1.0\n");
  });

  test("spends little processor time from its start to the first token (read from Linux's /proc)", async (context) => {
    context.skip(process.platform !== "linux", "only Linux has /proc");
    // The second start: the first of a machine compiles what later ones find compiled.
    const sandbox = await startSandbox();
    await (await askToken(sandbox.facts)).text();
    const fields = readFileSync(`/proc/${sandbox.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    await sandbox.end();
    const ticksPerSecond = Number(await run("getconf", ["CLK_TCK"]));
    // About 0.6 s on a free core; a busy machine counts up to twice as much for the same work.
    expect((Number(fields[11]) + Number(fields[12])) / ticksPerSecond).toBeLessThan(2);
  });

  test("leads a program to itself, on its own clock", async () => {
    const program = `const { issuer } = await (await fetch("https://identity.xero.com/.well-known/openid-configuration")).json();
      console.log(issuer, new Date().getUTCFullYear());`;
    writeFileSync(join(folder, "program.js"), program);
    const out = await run(bin, ["exec", "--clock", "2090-01-01", "--", process.execPath, "program.js"]);
    expect(out).toBe("https://identity.xero.com 2090\n");
  });

  test("is a library with types", async () => {
    const source = `import { createSandbox, type Sandbox } from "@evergrant/sandbox";
import { PRESETS } from "@evergrant/sandbox/engine";
const sandbox: Sandbox = await createSandbox({ port: 0, seed: 7, dialect: "strict" });
const offsetMs: number = (await sandbox.control.advance({ by: "31m" })).offsetMs;
console.log(Math.round(offsetMs / 60_000), Object.keys(PRESETS).includes("xero"));
// @ts-expect-error: there is no such dialect
await createSandbox({ dialect: "klingon" }).catch((error) => console.log(error.code));
await sandbox.close();
`;
    writeFileSync(join(folder, "library.ts"), source);
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const types = [
      "--typeRoots",
      join(root, "node_modules/@types"),
      "--types",
      "node",
      "--strict",
      "--target",
      "es2024",
    ];
    const modern = ["--module", "nodenext", "--lib", "es2024,esnext.disposable", "--outDir", folder];
    await run(process.execPath, [compiler, ...types, ...modern, "library.ts"]);
    expect(await run(process.execPath, ["library.js"])).toBe("31 true\nbad_request\n");
  });
});
