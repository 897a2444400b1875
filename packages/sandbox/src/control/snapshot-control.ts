import { SandboxError } from "../errors.ts";
import type { RestoreClock, Restored } from "../snapshot/restore.ts";
import { readSnapshot, type Snapshot } from "../snapshot/snapshot.ts";
import { readSnapshotFile, writeSnapshot } from "../snapshot/snapshot-file.ts";
import type { KeptSnapshot } from "../store/sandbox-database.ts";
import { inputs, type RestoreFileInput } from "./inputs.ts";
import { parseInput } from "./parse-input.ts";

/** A kept snapshot by its name, or one that was carried away. `clock`: `keep` if not given. */
export type RestoreInput = ({ readonly name: string } | { readonly snapshot: Snapshot }) & {
  readonly clock?: RestoreClock;
};

export interface SnapshotControl {
  /** Everything as it is now: users, apps, tokens, books, webhooks, keys, faults, clock. To be kept like the database. */
  snapshot(): Snapshot;
  /** The kept snapshots, oldest first. */
  snapshots(): readonly KeptSnapshot[];
  /** Takes a snapshot and keeps it under a name, in place of one of that name. */
  keepSnapshot(name: string): KeptSnapshot;
  keptSnapshot(name: string): Snapshot;
  removeSnapshot(name: string): void;
  /** Puts a kept (`name`) or given (`snapshot`) one in the place of everything; the clock never goes back unless `clock: "rewind"`. */
  restore(input: RestoreInput): Promise<Restored>;
  /** Takes a snapshot into a file of JSON; throws `snapshot_file_unusable`. */
  saveSnapshot(file: string): void;
  restoreFile(file: string, input?: RestoreFileInput): Promise<Restored>;
}

export interface SnapshotParts {
  take(): Snapshot;
  restore(snapshot: Snapshot, clock: RestoreClock): Promise<Restored>;
  readonly kept: {
    list(): readonly KeptSnapshot[];
    get(name: string): string | null;
    put(name: string, takenAtMs: number, json: string): void;
    remove(name: string): boolean;
  };
}

const mostKept = 20;

/** The part of the control API that is about snapshots. */
export function createSnapshotControl({ take, restore, kept }: SnapshotParts): SnapshotControl {
  const named = (name: string): Snapshot => {
    const json = kept.get(name);
    if (json === null) throw new SandboxError("not_found", "There is no snapshot of that name.");
    return readSnapshot(JSON.parse(json));
  };
  return {
    snapshot: take,
    snapshots: () => kept.list(),
    keepSnapshot(given) {
      const name = parseInput(inputs.snapshotName, given);
      const others = kept.list().filter((each) => each.name !== name);
      if (others.length >= mostKept)
        throw new SandboxError("too_many", `A sandbox keeps at most ${mostKept} snapshots. Remove one first.`);
      const snapshot = take();
      const json = JSON.stringify(snapshot);
      kept.put(name, snapshot.takenAtMs, json);
      return { name, takenAtMs: snapshot.takenAtMs, characters: json.length };
    },
    keptSnapshot: named,
    removeSnapshot(name) {
      if (!kept.remove(name)) throw new SandboxError("not_found", "There is no snapshot of that name.");
    },
    async restore(input) {
      const wanted = parseInput(inputs.restore, input);
      return restore("name" in wanted ? named(wanted.name) : readSnapshot(wanted.snapshot), wanted.clock);
    },
    saveSnapshot: (file) => writeSnapshot(file, take()),
    restoreFile: async (file, input = {}) =>
      restore(readSnapshot(readSnapshotFile(file)), parseInput(inputs.restoreFile, input).clock),
  };
}
