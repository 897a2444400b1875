import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { IMPORT_TABLE } from "../../tools/import-table.ts";
import { type Cruise, cruise, type Violation } from "./cruise.ts";
import { plantedWorkspace } from "./planted-workspace.ts";

const root = join(import.meta.dirname, "../..");
const keeper = "packages/keeper/src";

/** For every row of the table: what a file there imports although it must not. */
const WRONG_IMPORTS: Readonly<Record<string, string>> = {
  "packages/core/src": "node:fs",
  "packages/contract/src": "@evergrant/core",
  [`${keeper}/ports`]: "../service/right.ts",
  [`${keeper}/service`]: "../stores/right.ts",
  [`${keeper}/stores`]: "./sql/right.ts",
  [`${keeper}/stores/sql`]: "../sqlite/right.ts",
  [`${keeper}/stores/sqlite`]: "../memory/right.ts",
  [`${keeper}/stores/postgres`]: "../sqlite/right.ts",
  [`${keeper}/stores/memory`]: "../sql/right.ts",
  [`${keeper}/journal`]: "../sealing/right.ts",
  [`${keeper}/sealing`]: "undici",
  [`${keeper}/sealing/kms`]: "../key-ring.ts",
  [`${keeper}/token-endpoint`]: "../providers/right.ts",
  [`${keeper}/provider-api`]: "../token-endpoint/right.ts",
  [`${keeper}/mail`]: "undici",
  [`${keeper}/webhook`]: "nodemailer",
  [`${keeper}/egress`]: "undici",
  [`${keeper}/assertions`]: "../provider-api/right.ts",
  [`${keeper}/providers`]: "node:fs",
  [`${keeper}/real-time.ts`]: "./service/right.ts",
  [`${keeper}/node`]: "kysely",
  [`${keeper}/index.ts`]: "undici",
  [`${keeper}/parts.ts`]: "kysely",
  "packages/server/src/gateway": "@evergrant/contract",
  "packages/server/src/sign-in": "fastify",
  "packages/server/src": "@evergrant/sandbox",
  "packages/client/src": "@evergrant/core",
  "packages/sandbox/src/engine": "node:crypto",
  "packages/sandbox/src/accounting": "node:crypto",
  "packages/sandbox/src/mail": "fastify",
  "packages/sandbox/src/preload": "../right.ts",
  "packages/sandbox/src/exec": "fastify",
  "packages/sandbox/src/command": "fastify",
  "packages/sandbox/src": "@evergrant/core",
  "packages/cli/src": "kysely",
  tests: "../tools/right.ts",
  "tests/structure": "../kit/right.ts",
  simulation: "../tools/right.ts",
  "tools/providers": "@evergrant/server",
  "tools/reliability": "@evergrant/server",
  benchmarks: "../tools/right.ts",
  tools: "fastify",
};

/** For every row that may import something: one import it may have, so that a rule which forbids everything is seen. */
const RIGHT_IMPORTS: Readonly<Record<string, string>> = {
  "packages/contract/src": "zod",
  [`${keeper}/ports`]: "@evergrant/core",
  [`${keeper}/service`]: "../ports/right.ts",
  [`${keeper}/stores/sql`]: "kysely",
  [`${keeper}/stores/sqlite`]: "../sql/right.ts",
  [`${keeper}/stores/postgres`]: "pg",
  [`${keeper}/stores/memory`]: "../right.ts",
  [`${keeper}/provider-api`]: "undici",
  [`${keeper}/egress`]: "node:dns",
  [`${keeper}/assertions`]: "../egress/right.ts",
  [`${keeper}/token-endpoint`]: "undici",
  [`${keeper}/mail`]: "nodemailer",
  [`${keeper}/webhook`]: "../egress/right.ts",
  [`${keeper}/node`]: "../stores/right.ts",
  "packages/server/src/gateway": "undici",
  "packages/server/src": "@evergrant/keeper",
  "packages/client/src": "@evergrant/contract",
  "packages/sandbox/src/accounting": "../engine/right.ts",
  "packages/sandbox/src/mail": "nodemailer",
  "packages/sandbox/src/preload": "node:net",
  "packages/sandbox/src/exec": "../preload/right.ts",
  "packages/sandbox/src/command": "commander",
  "packages/sandbox/src": "./accounting/right.ts",
  "packages/cli/src": "@evergrant/sandbox/engine",
  tests: "@evergrant/server",
  simulation: "@evergrant/keeper/parts",
  benchmarks: "../tests/protocol/right.ts",
  "tests/structure": "../../tools/right.ts",
  "tools/providers": "@evergrant/core",
  "tools/reliability": "@evergrant/core",
  tools: "node:fs",
};

const fileAt = (place: string, name: string): string => (place.endsWith(".ts") ? place : `${place}/${name}.ts`);
const importing = (target: string): string =>
  `import type * as target from ${JSON.stringify(target)};\nexport type Target = typeof target;\n`;

function plantedFiles(): Record<string, string> {
  const files: Record<string, string> = {
    "tests/kit/right.ts": "export const right = true;\n",
    "tests/protocol/right.ts": "export const right = true;\n",
  };
  for (const { place } of IMPORT_TABLE) {
    const right = RIGHT_IMPORTS[place];
    if (!place.endsWith(".ts"))
      files[fileAt(place, "right")] = right === undefined ? "export const right = true;\n" : importing(right);
    const wrong = WRONG_IMPORTS[place];
    if (wrong !== undefined) files[fileAt(place, "wrong")] = importing(wrong);
  }
  return { ...files, ...OTHER_WRONGS };
}

const OTHER_WRONGS: Readonly<Record<string, string>> = {
  "packages/core/src/egg.ts": importing("./hen.ts"),
  "packages/core/src/hen.ts": importing("./egg.ts"),
  "packages/core/src/lost.ts": importing("./nowhere.ts"),
  "packages/core/src/right.test.ts": importing("vitest"),
  "packages/core/src/wrong.test.ts": importing("@evergrant/server"),
  "packages/core/src/needs-a-test.ts": importing("./right.test.ts"),
  "packages/core/src/testing/a-world.ts": "export const world = true;\n",
  "packages/core/src/needs-testing.ts": importing("./testing/a-world.ts"),
  "packages/server/src/by-path.ts": importing("../../core/src/index.ts"),
  "packages/client/src/needs-a-value.ts":
    'import { entrance } from "@evergrant/contract";\nexport const needed = entrance;\n',
  "packages/server/src/undeclared.ts": importing("commander"),
  "packages/server/src/needs-the-kit.ts": importing("../../../tests/kit/right.ts"),
  "packages/nowhere/src/imported.ts": "export const imported = true;\n",
  "packages/nowhere/src/importing.ts": importing("./imported.ts"),
  [`${keeper}/unplaced/importing.ts`]: importing("@evergrant/core"),
  "tests/by-path.ts": importing("../packages/core/src/index.ts"),
};

const rowRule = (place: string): string => `${place} may not import that`;

describe("the table of imports", () => {
  using workspace = plantedWorkspace(plantedFiles());
  const planted: Cruise = cruise(workspace.folder);
  const caught = (from: string): readonly string[] =>
    planted.violations.filter((found: Violation) => found.from === from).map(({ rule }) => rule);

  test("has a planted wrong import for every row", () => {
    expect(Object.keys(WRONG_IMPORTS).sort()).toEqual(IMPORT_TABLE.map(({ place }) => place).sort());
  });

  test.each(Object.keys(WRONG_IMPORTS))("catches a wrong import in %s", (place) => {
    expect(caught(fileAt(place, "wrong"))).toContain(rowRule(place));
  });

  test.each(Object.keys(RIGHT_IMPORTS))("lets a right import in %s pass", (place) => {
    expect(caught(fileAt(place, "right"))).toEqual([]);
  });

  test.each([
    ["an import of a file that does not exist", "packages/core/src/lost.ts", "imports resolve"],
    [
      "a test that imports another package",
      "packages/core/src/wrong.test.ts",
      "tests of packages/core may not import that",
    ],
    ["source that imports a test", "packages/core/src/needs-a-test.ts", "nobody imports a test"],
    [
      "source that imports what is for tests",
      "packages/core/src/needs-testing.ts",
      "only tests import what is for tests",
    ],
    ["source that imports the test kit", "packages/server/src/needs-the-kit.ts", rowRule("packages/server/src")],
    ["a package reached by a path", "packages/server/src/by-path.ts", "packages meet at their exports"],
    ["a package reached by a path from a test", "tests/by-path.ts", "tests and tools meet packages at their exports"],
    ["an npm package that the row does not name", "packages/server/src/undeclared.ts", rowRule("packages/server/src")],
    [
      "a value from where types alone may come",
      "packages/client/src/needs-a-value.ts",
      "packages/client/src may import types alone from that",
    ],
    ["a new package that nobody placed", "packages/nowhere/src/importing.ts", "every importing file has a place"],
    ["an imported file that nobody placed", "packages/nowhere/src/importing.ts", "every imported file has a place"],
    ["a new folder that nobody placed", `${keeper}/unplaced/importing.ts`, "every importing file has a place"],
  ])("catches %s", (_what, from, rule) => {
    expect(caught(from)).toContain(rule);
  });

  test("catches a cycle of types", () => {
    // The cycle is told once, from whichever of the two was met first.
    expect([...caught("packages/core/src/egg.ts"), ...caught("packages/core/src/hen.ts")]).toContain(
      "no cycles, types included",
    );
  });

  test("lets a test import its test library", () => {
    expect(caught("packages/core/src/right.test.ts")).toEqual([]);
  });
});

test("dependency-cruiser sees every source file of the repository", () => {
  const files = globSync(["packages/*/src/**/*.ts", "tests/**/*.ts", "tools/**/*.ts"], { cwd: root });
  const seen = new Set(cruise(root).modules);
  expect(files.length).toBeGreaterThan(0);
  expect(files.map((file) => file.replaceAll("\\", "/")).filter((file) => !seen.has(file))).toEqual([]);
});
