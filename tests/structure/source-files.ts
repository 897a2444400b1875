import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A file of product source: its path from the root of the repository, and its lines. */
export interface SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Every TypeScript file that ships: tests and what is for tests left out. */
export function productSource(): readonly SourceFile[] {
  return globSync("packages/*/src/**/*.ts", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.endsWith(".test.ts") && !/^packages\/[^/]+\/src\/testing\//.test(path))
    .sort()
    .map((path) => ({ path, lines: readFileSync(join(root, path), "utf8").split("\n") }));
}

/** `path:line: text` of each line that matches, comments left out. */
export function linesWith(files: readonly SourceFile[], pattern: RegExp): readonly string[] {
  return files.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      pattern.test(withoutComment(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
    ),
  );
}

function withoutComment(line: string): string {
  return /^\s*(\/\/|\/?\*)/.test(line) ? "" : line.replace(/\s\/\/\s.*$/, "");
}
