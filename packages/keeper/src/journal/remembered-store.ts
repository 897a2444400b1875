import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoreIdentity } from "@evergrant/core";
import { replaceFile } from "./durable-files.ts";
import { errorCode, journalDamaged, journalUnwritable } from "./journal-error.ts";

/** The store that a journal goes with, remembered beside its segments: it is lost, copied or put back together with them. */
export function rememberedStore(folder: string): {
  read(): Promise<StoreIdentity | null>;
  write(store: StoreIdentity): Promise<void>;
} {
  const path = join(folder, "store");
  return {
    read: () => readIdentity(path),
    write: async ({ deployment, incarnation, server }) => {
      const text = JSON.stringify({ format: "evergrant-store/1", deployment, incarnation, server });
      try {
        await replaceFile(path, `${text}\n`);
      } catch (error) {
        throw journalUnwritable("its store file cannot be written", error);
      }
    },
  };
}

async function readIdentity(path: string): Promise<StoreIdentity | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw journalUnwritable("its store file cannot be read", error);
  }
  try {
    const { deployment, incarnation, server } = JSON.parse(text) as Partial<Record<string, unknown>>;
    const sound = typeof deployment === "string" && Number.isSafeInteger(incarnation);
    if (sound && (server === null || typeof server === "string"))
      return { deployment, incarnation: Number(incarnation), server };
  } catch {
    // Falls through: not JSON.
  }
  throw journalDamaged("the file `store`", "as a whole");
}
