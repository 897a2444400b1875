import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Store } from "../ports/store.ts";
import type { Time } from "../ports/time.ts";
import { realTime } from "../real-time.ts";
import type { Shared } from "../service/service-context.ts";
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
  /** Null where no other process writes to it. */
  readonly signals: Pick<Shared, "onHint" | "onNewPrimary"> | null;
}

/** Further apart than this and nobody can say which of two instants was first. */
const CLOCK_SKEW_MAX_MS = 5_000;

/**
 * Opens the chosen store for a node, whose name its audit chain bears.
 * @throws store_unopenable · store_newer · clock_skewed
 */
export async function openStore({ choice, folder, time }: StorePlace, node: NodeId): Promise<OpenStore> {
  switch (choice.kind) {
    case "sqlite":
      return { store: await openSqliteStore({ file: `${folder}/evergrant.db`, time }), signals: null };
    case "postgres": {
      const listeners = new Set<() => void>();
      const memory = await timelineFile(`${folder}/timeline`, () => {
        for (const listener of listeners) listener();
      });
      const store = await openPostgresStore({ dsn: choice.dsn, node, time: realTime(), memory });
      const skewMs = await store.clockSkewMs();
      if (Math.abs(skewMs) <= CLOCK_SKEW_MAX_MS) return { store, signals: signalsOf(store, listeners) };
      await store.close();
      throw new EvergrantError("clock_skewed", {
        detail: `the database is ${Math.round(skewMs / 1000)} s ahead of us`,
      });
    }
  }
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
