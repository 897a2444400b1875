import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { Time } from "../ports/time.ts";
import { type KeyRingSource, openKeyRing } from "../sealing/open-key-ring.ts";
import { readBackup } from "./backups.ts";
import { openStore, type StoreChoice } from "./open-store.ts";

export interface RestoreOptions {
  readonly file: string;
  readonly folder: string;
  readonly store: StoreChoice;
  /** Null: the file `kek` in the folder. */
  readonly keyRing: KeyRingSource | null;
  readonly time: Time;
  readonly chance: Chance;
}

/**
 * Puts a backup into an empty store, all of it or nothing. The store is in quarantine then: the first node on it serves what it can, and spends
 * nothing until an operator says what the store is.
 * @throws backup_damaged · store_not_empty · store_newer · kek_missing · kek_wrong · store_unopenable
 */
export async function restoreBackup(options: RestoreOptions): Promise<void> {
  const { file, folder, store: choice, time, chance } = options;
  const source = options.keyRing ?? { kind: "file", path: `${folder}/kek` };
  const ring = await openKeyRing(source, { storeIsEmpty: false, chance, time });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { store, archive } = await openStore({ choice, folder, time }, { node: "restore" as NodeId });
  try {
    if ((await store.deployment.read()) !== undefined) throw new EvergrantError("store_not_empty");
    await archive.fill(await readBackup(ring, createReadStream(file), await archive.steps()), time.wallMs());
  } finally {
    await store.close();
  }
}
