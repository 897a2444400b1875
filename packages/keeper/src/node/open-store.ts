import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Archive } from "../ports/archive.ts";
import type { JournalMark } from "../ports/node-store.ts";
import type { Store } from "../ports/store.ts";
import type { ClockReading, Time } from "../ports/time.ts";
import { realTime } from "../real-time.ts";
import type { Shared } from "../service/service-context.ts";
import { steadyReading } from "../service/steady-reading.ts";
import { openPostgresStore, type PostgresStore } from "../stores/postgres/postgres-store.ts";
import { openSqliteStore } from "../stores/sqlite/sqlite-store.ts";
import { timelineFile } from "./timeline-file.ts";

/** Where grants are kept: one file for one process, or a Postgres that any number of equal nodes share. */
export type StoreChoice = { readonly kind: "sqlite" } | { readonly kind: "postgres"; readonly dsn: string };

export interface StorePlace {
  readonly choice: StoreChoice;
  readonly folder: string;
  readonly time: Time;
}

export interface OpenStore {
  readonly store: Store;
  readonly archive: Archive;
  /** Null where no other process writes to it. */
  readonly signals: Pick<Shared, "onHint" | "onNewPrimary"> | null;
  /** How far its clock is ahead of the machine's, measured in real time; null where it has none of its own. */
  readonly clockSkew: (() => Promise<ClockReading>) | null;
  /** Which server keeps it; null where there is none, or where it does not say. */
  server(): Promise<string | null>;
}

/** Further apart than this and nobody can say which of two instants was first. */
const CLOCK_SKEW_MAX_MS = 5_000;

/** Who opens a store: whose audit chain is written, and where that node's journal stands. */
export interface StoreUser {
  readonly node: NodeId;
  readonly mark?: () => JournalMark;
}

/**
 * Opens the chosen store for a node, whose name its audit chain bears.
 * @throws store_unopenable · store_newer · clock_skewed
 */
export async function openStore({ choice, folder, time }: StorePlace, user: StoreUser): Promise<OpenStore> {
  const { node, ...mark } = user;
  switch (choice.kind) {
    case "sqlite": {
      const store = await openSqliteStore({ file: `${folder}/evergrant.db`, time, ...mark });
      return { store, archive: store.archive, signals: null, clockSkew: null, server: async () => null };
    }
    case "postgres": {
      const listeners = new Set<() => void>();
      const memory = await timelineFile(`${folder}/timeline`, () => {
        for (const listener of listeners) listener();
      });
      const store = await openPostgresStore({ dsn: choice.dsn, node, ...mark, time: realTime(), memory });
      const skewMs = await skewOf(store);
      if (Math.abs(skewMs) <= CLOCK_SKEW_MAX_MS)
        return {
          ...{ store, archive: store.archive, signals: signalsOf(store, listeners) },
          clockSkew: () => store.clockSkew(),
          server: () => store.systemIdentifier(),
        };
      await store.close();
      throw new EvergrantError("clock_skewed", {
        detail: `the database is ${Math.round(skewMs / 1000)} s ahead of us`,
      });
    }
  }
}

// In real time, as the peers live in it.
async function skewOf(store: PostgresStore): Promise<number> {
  const { wallMs, monotonicMs } = realTime();
  const reading = () => store.clockSkew();
  const { skewMs } = await steadyReading(reading, () => wallMs() - monotonicMs(), CLOCK_SKEW_MAX_MS / 2);
  return skewMs;
}

function signalsOf(store: PostgresStore, listeners: Set<() => void>): Pick<Shared, "onHint" | "onNewPrimary"> {
  return {
    onHint: (listener) => store.onHint(listener),
    onNewPrimary: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
