import type { StoreIdentity } from "@evergrant/core";
import { type RememberedFile, rememberedFile } from "./remembered-file.ts";

/** The store that a journal goes with. */
export function rememberedStore(folder: string): RememberedFile<StoreIdentity> {
  return rememberedFile(folder, "store", ({ deployment, incarnation, server }) => {
    const isSound = typeof deployment === "string" && Number.isSafeInteger(incarnation);
    return isSound && (server === null || typeof server === "string")
      ? { deployment, incarnation: Number(incarnation), server }
      : null;
  });
}
