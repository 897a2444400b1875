import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";

const LONGEST_FILE = 64 * 1024;

/** The text of a key file; null where there is none. Throws `kek_missing` and `kek_malformed`. */
export async function readKeyFile(path: string): Promise<string | null> {
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

/**
 * Makes a key file, or leaves the one that somebody else made at the same moment; the text that stands there then. Written beside and linked
 * into place: no crash leaves half a key, and of two processes that start at once both use the same one.
 */
export async function makeKeyFile(path: string, text: string, chance: Chance): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const beside = await writeBeside(path, text, chance);
    try {
      await link(beside, path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    } finally {
      await rm(beside, { force: true });
    }
    await syncFolder(dirname(path));
    return await readFile(path, "utf8");
  } catch (error) {
    throw new EvergrantError("kek_missing", { detail: `${path} cannot be made: ${codeOf(error)}` });
  }
}

/** Puts another text in the place of a key file's, whole or not at all. */
export async function replaceKeyFile(path: string, text: string, chance: Chance): Promise<void> {
  try {
    await rename(await writeBeside(path, text, chance), path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw new EvergrantError("kek_missing", { detail: `${path} cannot be written: ${codeOf(error)}` });
  }
}

async function writeBeside(path: string, text: string, chance: Chance): Promise<string> {
  const beside = `${path}.${Buffer.from(chance.bytes(8)).toString("hex")}.new`;
  const file = await open(beside, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return beside;
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
