import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MarkedFile } from "./invariants.ts";

const PLACES = ["packages/*/src/**/*.ts", "simulation/**/*.ts", "tests/**/*.ts"];

/** Every source file that may name an invariant, but the tests of the marks themselves. */
export function markedFiles(root: string): readonly MarkedFile[] {
  return globSync(PLACES, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("tests/structure/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}
