import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type ClientError, clientError } from "../errors.ts";
import type { Chance } from "../time.ts";
import { openSnapshot, type Snapshot, type SnapshotSeal, sealSnapshot } from "./sealed-snapshot.ts";

/** Where a client keeps its tokens over a restart. */
export interface SnapshotFile {
  /** What the file holds; null when there is none, or none that may be used (then `onTrouble` heard why). */
  load(): Promise<Snapshot | null>;
  /** Writes the newest state soon; of several asked for meanwhile only the last. */
  save(snapshot: () => Snapshot): void;
  /** Resolves when nothing is left to write. */
  written(): Promise<void>;
}

export interface SnapshotPlace {
  readonly path: string;
  readonly seal: () => Promise<SnapshotSeal>;
  readonly chance: Chance;
  readonly onTrouble: (error: ClientError) => void;
}

const LONGEST_FILE_BYTES = 4 << 20;

export function snapshotFile(place: SnapshotPlace): SnapshotFile {
  // A file that belongs to somebody else is not ours to replace.
  let leftAlone = false;
  let next: (() => Snapshot) | null = null;
  let writing: Promise<void> = Promise.resolve();
  const writeNext = async () => {
    const snapshot = next;
    next = null;
    if (snapshot === null || leftAlone) return;
    try {
      await replaceFile(place, sealSnapshot(snapshot(), await place.seal(), place.chance));
    } catch (error) {
      place.onTrouble(clientError("snapshot_unwritable", place.path, error));
    }
  };
  return {
    async load() {
      const opened = await read(place);
      if (!(opened instanceof Error)) return opened;
      leftAlone = opened.code === "snapshot_foreign" || opened.code === "snapshot_newer";
      place.onTrouble(opened);
      return null;
    },
    save(snapshot) {
      const waits = next !== null;
      next = snapshot;
      if (!waits) writing = writing.then(writeNext);
    },
    written: () => writing,
  };
}

async function read({ path, seal }: SnapshotPlace): Promise<Snapshot | ClientError | null> {
  try {
    if ((await stat(path)).size > LONGEST_FILE_BYTES) return clientError("snapshot_foreign", "it is too large");
    return openSnapshot(await readFile(path, "utf8"), await seal());
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return clientError("snapshot_damaged", "the file cannot be read", error);
  }
}

// Whole or not at all: a crash leaves the old file or the new one. For this user alone.
async function replaceFile({ path, chance }: SnapshotPlace, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${Buffer.from(chance.bytes(6)).toString("hex")}.tmp`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
