import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure, FigureName } from "./figure.ts";

/** How a figure comes about: a command whose last line is JSON, or tests that leave lines of JSON in a folder. */
type Measurement =
  | {
      readonly kind: "command";
      readonly script: "sim" | "chaos" | "model";
      readonly file: string;
      /** Always given, before what the caller adds. */
      readonly args: readonly string[];
      readonly seedOption: "seed" | "from" | null;
      readonly keep: (result: unknown) => unknown;
    }
  | { readonly kind: "tests"; readonly files: readonly string[] };

const asItIs = (result: unknown): unknown => result;
const CHAOS = {
  kind: "command",
  script: "chaos",
  file: "tests/chaos/run.ts",
  seedOption: "seed",
  keep: asItIs,
} as const;

const MEASUREMENTS: { readonly [Name in FigureName]: Measurement } = {
  sim: {
    kind: "command",
    script: "sim",
    file: "simulation/run.ts",
    args: ["--json"],
    seedOption: "from",
    keep: asItIs,
  },
  "chaos-postgres": { ...CHAOS, args: ["--store", "postgres", "--json"] },
  "chaos-sqlite": { ...CHAOS, args: ["--store", "sqlite", "--json"] },
  model: {
    kind: "command",
    script: "model",
    file: "simulation/model/run.ts",
    args: ["--json"],
    seedOption: null,
    keep: withoutHistories,
  },
  "kill-points": { kind: "tests", files: ["tests/crashes.test.ts", "tests/many-nodes-crashes.test.ts"] },
  "fail-over": { kind: "tests", files: ["tests/fail-over.test.ts"] },
};

/** Runs what a figure needs; `more` is handed to its command. `passed` is whether the run itself was content. */
export async function measure(
  root: string,
  name: FigureName,
  more: readonly string[],
): Promise<{ readonly figure: Figure<unknown>; readonly passed: boolean }> {
  const measurement = MEASUREMENTS[name];
  const origin = { commit: commitOf(root), date: new Date().toISOString().slice(0, 10) };
  if (measurement.kind === "tests") {
    if (more.length > 0) throw new Error(`npm run figures -- ${name} takes nothing more.`);
    const { result, passed } = await runTests(root, name, measurement.files);
    return { figure: { command: `npm run figures -- ${name}`, ...origin, seed: null, result }, passed };
  }
  const args = [...measurement.args, ...more];
  const { output, passed } = await run(root, ["--conditions=@evergrant/source", measurement.file, ...args], {});
  const result = measurement.keep(JSON.parse(output.trim().split("\n").at(-1) ?? ""));
  const command = `npm run ${measurement.script} -- ${args.join(" ")}`;
  return { figure: { command, ...origin, seed: seedIn(args, measurement.seedOption), result }, passed };
}

async function runTests(
  root: string,
  name: string,
  files: readonly string[],
): Promise<{ readonly result: unknown; readonly passed: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-figures-"));
  try {
    const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "end-to-end", ...files];
    const { passed } = await run(root, vitest, { EVERGRANT_FIGURES: folder });
    const lines = readFileSync(join(folder, `${name}.jsonl`), "utf8")
      .trim()
      .split("\n");
    return { result: lines.map((line): unknown => JSON.parse(line)), passed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(
  root: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly output: string; readonly passed: boolean }> {
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ output, passed: code === 0 }));
  });
}

function commitOf(root: string): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const isChanged = git("status", "--porcelain", "--", "packages", "simulation", "tests", "package-lock.json") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? "+" : ""}`;
}

function seedIn(args: readonly string[], option: "seed" | "from" | null): number | null {
  if (option === null) return null;
  const at = args.indexOf(`--${option}`);
  return at < 0 ? 1 : Number(args[at + 1]);
}

function withoutHistories(result: unknown): unknown {
  const { states, seconds, cells } = result as {
    readonly states: number;
    readonly seconds: number;
    readonly cells: readonly { readonly steps?: readonly string[] }[];
  };
  const shortened = cells.map(({ steps, ...cell }) => (steps === undefined ? cell : { ...cell, steps: steps.length }));
  return { states, seconds, cells: shortened };
}
