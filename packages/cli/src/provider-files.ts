import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { EvergrantError } from "@evergrant/core";
import type { ProviderFile } from "@evergrant/keeper";

const FILES_AT_MOST = 200;

/** A file, or every `*.json` of a folder, by name. @throws provider_file_invalid where there is none, or it cannot be read */
export function readProviderFiles(path: string): readonly ProviderFile[] {
  try {
    const names = statSync(path).isDirectory() ? filesOf(path) : [path];
    if (names.length === 0) throw new EvergrantError("provider_file_invalid", { detail: `${path} holds no *.json` });
    return names.map((name) => ({ name: basename(name), text: readFileSync(name, "utf8") }));
  } catch (error) {
    if (error instanceof EvergrantError) throw error;
    throw new EvergrantError("provider_file_invalid", { detail: `${path} cannot be read`, cause: error });
  }
}

function filesOf(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names
    .sort()
    .slice(0, FILES_AT_MOST)
    .map((name) => join(folder, name));
}
