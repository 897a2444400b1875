import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "evergrant-keeper-package-"));
const tarballs = ["core", "keeper"].map((name) => join(folder, `evergrant-${name}-0.1.0.tgz`));
const tool = (path: string) => join(root, "node_modules", path);

/** As a user has it: nothing of this repository's conditions, folders or npm settings. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name)));
const run = async (program: string, args: readonly string[], cwd = folder) =>
  (await promisify(execFile)(program, args, { cwd, env: { ...env, XERO_CLIENT_SECRET: "a-secret" }, timeout: 100_000 }))
    .stdout;

beforeAll(async () => {
  const packed = ["--workspace", "packages/core", "--workspace", "packages/keeper"];
  await run("npm", ["pack", ...packed, "--pack-destination", folder, "--silent"], root);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  // What it needs of others lies here already; of ours it finds nothing but the two packages.
  for (const name of ["aws4fetch", "jose", "kysely", "nodemailer", "pg", "undici", "zod"]) {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    symlinkSync(tool(name), join(folder, "node_modules", name));
  }
  for (const [index, name] of ["core", "keeper"].entries()) {
    const target = join(folder, "node_modules/@evergrant", name);
    mkdirSync(target, { recursive: true });
    await run("tar", ["-xzf", tarballs[index] ?? "", "-C", target, "--strip-components=1"]);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package of the keeper, unpacked in an empty folder", () => {
  test("holds no test and no source, and publint and Are The Types Wrong have nothing to mend in it", async () => {
    const installed = join(folder, "node_modules/@evergrant");
    const files = ["core", "keeper"].flatMap((name) => globSync(`${name}/**/*`, { cwd: installed }));
    expect(files.filter((file) => /\.test\.|testing|(?<!\.d)\.ts$/.test(file.replace(/.*node_modules/, "")))).toEqual(
      [],
    );
    const wrongTypes = tool("@arethetypeswrong/cli/dist/index.js");
    for (const tarball of tarballs) {
      await run(process.execPath, [wrongTypes, tarball, "--profile", "esm-only"]);
      expect(await run(process.execPath, [tool("publint/src/cli.js"), "run", tarball, "--strict"])).toContain(
        "All good!",
      );
    }
  });

  test("opens a keeper that keeps what it is told, from a program with types", async () => {
    const source = `import { type OpenKeeper, openKeeper } from "@evergrant/keeper";
const options = { folder: "kept", publicUrl: "http://localhost:4180", journalMayVanish: true };
const first: OpenKeeper = await openKeeper(options);
await first.keeper.apps.add({ name: "books", provider: "xero", clientId: "c", clientSecret: null, scopes: null, origins: null, by: "me" });
await first.keeper.connections.create({ name: "acme", app: "books", expectedTenant: null, by: "me" });
await first.close();
await using again = await openKeeper({ ...options, connection: "acme" });
console.log((await again.keeper.connections.list()).map(({ name }) => name).join());
await again.accessToken().catch((error) => console.log(error.code));
`;
    writeFileSync(join(folder, "program.ts"), source);
    const types = ["--typeRoots", tool("@types"), "--types", "node", "--strict", "--skipLibCheck", "--outDir", folder];
    const modern = ["--target", "es2024", "--module", "nodenext", "--lib", "es2024,esnext.disposable"];
    await run(process.execPath, [tool("typescript/bin/tsc"), ...types, ...modern, "program.ts"]);
    expect(await run(process.execPath, ["program.js"])).toBe("acme\nconsent_required\n");
    const manifest = JSON.parse(readFileSync(join(folder, "node_modules/@evergrant/keeper/package.json"), "utf8"));
    expect(Object.keys(manifest.dependencies)).not.toContain("@evergrant/server");
  });

  test("does what its README shows", async () => {
    const readme = readFileSync(join(root, "packages/keeper/README.md"), "utf8");
    const [, program = ""] = /^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    // A journal may vanish here: the folder of a test may lie on a memory disk.
    const led = program.replace('folder: "grants",', 'folder: "grants",\n  journalMayVanish: true,');
    expect(led).not.toBe(program);
    writeFileSync(join(folder, "readme.mjs"), led);
    expect(await run(process.execPath, ["readme.mjs"])).toBe("true\ntrue\nacme: consent_required\n");
  });
});
