import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** One import that a rule forbids. */
export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** What dependency-cruiser saw in a folder with the repository's own rules. */
export interface Cruise {
  readonly modules: readonly string[];
  readonly violations: readonly Violation[];
}

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly { rule: { name: string }; from: string; to: string }[] };
}

const root = join(import.meta.dirname, "../..");
const cruiser = join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");

/** Runs dependency-cruiser in `folder`, which holds a `.dependency-cruiser.mjs`. */
export function cruise(folder: string): Cruise {
  const args = [cruiser, "--output-type", "json", "packages", "tests", "simulation", "benchmarks", "tools"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", maxBuffer: 256 << 20 });
  if (stdout === "") throw new Error(`dependency-cruiser gave no report: ${stderr}`);
  const report: Report = JSON.parse(stdout);
  return {
    modules: report.modules.map(({ source }) => source),
    violations: report.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}
