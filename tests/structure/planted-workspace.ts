import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const RULE_FILES = [".dependency-cruiser.mjs", "tools/import-table.ts", "tsconfig.base.json", "package.json"];

/** A throw-away workspace with the repository's packages, rules and dependencies, and only the given source files. */
export interface PlantedWorkspace extends Disposable {
  readonly folder: string;
}

/** Makes one in the temporary folder; `files` maps a path to its text. Each package's entrances exist and are empty. */
export function plantedWorkspace(files: Readonly<Record<string, string>>): PlantedWorkspace {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-planted-"));
  for (const file of RULE_FILES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  linkDependencies(folder);
  for (const name of readdirSync(join(root, "packages"))) plantPackage(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function linkDependencies(folder: string): void {
  mkdirSync(join(folder, "node_modules/@evergrant"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@evergrant") symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
}

function plantPackage(folder: string, name: string): void {
  const manifest = readFileSync(join(root, "packages", name, "package.json"), "utf8");
  mkdirSync(join(folder, "packages", name), { recursive: true });
  writeFileSync(join(folder, "packages", name, "package.json"), manifest);
  symlinkSync(join("../../packages", name), join(folder, "node_modules/@evergrant", name));
  const { exports }: { exports: Readonly<Record<string, Readonly<Record<string, string>>>> } = JSON.parse(manifest);
  for (const { "@evergrant/source": entrance } of Object.values(exports)) {
    if (entrance === undefined) continue;
    const file = join(folder, "packages", name, entrance);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "export const entrance = true;\n");
  }
}
