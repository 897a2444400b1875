import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "./durable-files.ts";
import { errorCode, journalDamaged, journalUnwritable } from "./journal-error.ts";

/** One small thing that a node remembers beside its journal. */
export interface RememberedFile<T> {
  /** Null before anything was written. @throws journal_unreadable · journal_unwritable */
  read(): Promise<T | null>;
  /** Durable when it resolves. @throws journal_unwritable */
  write(known: T): Promise<void>;
}

/** A file of a journal's folder: lost, copied or put back together with the segments. `sound`: what its members say, null where they say nothing sound. */
export function rememberedFile<T extends object>(
  folder: string,
  name: string,
  sound: (members: Partial<Record<string, unknown>>) => T | null,
): RememberedFile<T> {
  const path = join(folder, name);
  return {
    read: async () => {
      const text = await textOf(path, name);
      if (text === null) return null;
      const known = sound(membersOf(text));
      if (known === null) throw journalDamaged(`the file \`${name}\``, "as a whole");
      return known;
    },
    write: async (known) => {
      try {
        await replaceFile(path, `${JSON.stringify({ format: `evergrant-${name}/1`, ...known })}\n`);
      } catch (error) {
        throw journalUnwritable(`its ${name} file cannot be written`, error);
      }
    },
  };
}

async function textOf(path: string, name: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw journalUnwritable(`its ${name} file cannot be read`, error);
  }
}

function membersOf(text: string): Partial<Record<string, unknown>> {
  try {
    const members: unknown = JSON.parse(text);
    return typeof members === "object" && members !== null ? { ...members } : {};
  } catch {
    return {};
  }
}
