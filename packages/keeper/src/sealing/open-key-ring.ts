import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import { formatKeyRingEntry, type KeyRing, parseKeyRing } from "./key-ring.ts";

/** Where the key-encryption keys come from: a file, or text that the environment gave (a secret store, a variable). */
export type KeyRingSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly value: string | undefined };

const LONGEST_FILE = 64 * 1024;

/**
 * The deployment's key ring. Only for an empty store is a missing file made: one fresh key, mode 0600, on disk before it is used.
 * Throws `kek_missing` where there is none, `kek_malformed` where it cannot be read.
 */
export async function openKeyRing(
  source: KeyRingSource,
  facts: { readonly storeIsEmpty: boolean; readonly chance: Chance },
): Promise<KeyRing> {
  switch (source.kind) {
    case "environment": {
      if (source.value === undefined || source.value.trim() === "")
        throw new EvergrantError("kek_missing", { detail: "the environment gives no key" });
      return parseKeyRing(source.value);
    }
    case "file": {
      const known = await readIfThere(source.path);
      if (known !== null) return parseKeyRing(known);
      if (!facts.storeIsEmpty) throw new EvergrantError("kek_missing", { detail: `there is no file ${source.path}` });
      return parseKeyRing(await makeFile(source.path, facts.chance));
    }
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > LONGEST_FILE)
      throw new EvergrantError("kek_malformed", { detail: `${path} is too long for a key ring` });
    return bytes.toString("utf8");
  } catch (error) {
    if (error instanceof EvergrantError) throw error;
    const code = codeOf(error);
    if (code === "ENOENT") return null;
    throw new EvergrantError("kek_missing", { detail: `${path} cannot be read: ${code}` });
  }
}

// Written beside and linked into place: no crash leaves half a key, and of two processes that start at once both use the same one.
async function makeFile(path: string, chance: Chance): Promise<string> {
  const folder = dirname(path);
  const beside = `${path}.${Buffer.from(chance.bytes(8)).toString("hex")}.new`;
  const id = `kek-${Buffer.from(chance.bytes(6)).toString("hex")}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(beside, formatKeyRingEntry(id, chance.bytes(32)));
    try {
      await link(beside, path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    } finally {
      await rm(beside, { force: true });
    }
    await syncFolder(folder);
    return await readFile(path, "utf8");
  } catch (error) {
    throw new EvergrantError("kek_missing", { detail: `${path} cannot be made: ${codeOf(error)}` });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
