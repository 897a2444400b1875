import type { NodeId } from "@evergrant/core";
import { type Deployment, type Provenance, WatchedJournal } from "@evergrant/keeper/parts";
import type { Disk } from "./disk.ts";

/** The one row that says which deployment a simulated database is. */
export function deploymentAt(createdAtMs: number): Deployment {
  return {
    id: "dp_simulated",
    incarnation: 1,
    quarantine: null,
    released: null,
    keyCheck: "",
    createdAtMs,
    operatorKeySha256: "",
  };
}

/** A disk's journal as a node holds it: it knows its end, and of what the store has said that it has it. */
export function watchedJournal(node: NodeId, disk: Disk, parts: Parameters<Disk["openFor"]>[0]): WatchedJournal {
  return new WatchedJournal({
    ...disk.openFor(parts),
    node,
    get lastPosition() {
      return disk.lastPosition;
    },
  });
}

/** What a node remembers of its store, on the same disk. */
export function provenanceOf(disk: Disk, journal: WatchedJournal, exclusive: boolean): Provenance {
  return {
    exclusive,
    mark: () => journal.mark(),
    acknowledge: (position) => journal.acknowledge(position),
    server: async () => null,
    remembered: async () => disk.remembered,
    remember: async (store) => {
      disk.remembered = store;
    },
    clockMark: async () => disk.clockMark,
    rememberClock: async (mark) => {
      disk.clockMark = mark;
    },
  };
}
