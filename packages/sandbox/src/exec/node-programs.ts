import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

/** Whether a program is Node or a script for it; false also where that cannot be told. */
export function isNodeProgram(program: string, searchPath: string): boolean {
  const places = program.includes("/") ? [program] : searchPath.split(delimiter).map((folder) => join(folder, program));
  for (const place of places) {
    try {
      const file = realpathSync(place);
      return /^node(\.exe)?$/.test(basename(file)) || /^#!.*\bnode\b/.test(firstBytes(file));
    } catch {
      // Not here.
    }
  }
  return false;
}

function firstBytes(file: string): string {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(128);
    return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0)).split("\n", 1)[0] ?? "";
  } finally {
    closeSync(descriptor);
  }
}
