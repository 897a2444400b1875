import type { StoreIdentity } from "@evergrant/core";
import type { JournalPosition } from "./journal.ts";
import type { JournalMark } from "./node-store.ts";

/** What a node knows of its store and its journal from outside of the store. */
export interface Provenance {
  /** This process alone writes the store: there are no other nodes. */
  readonly exclusive: boolean;
  /** Where the journal stands, as every record tells it to the store. */
  mark(): JournalMark;
  /** The store has been told of everything up to here; from now on it may be moved further. */
  acknowledge(position: JournalPosition): void;
  /** Which server keeps the store at this moment; null where there is none, or where it does not say. */
  server(): Promise<string | null>;
  /** The store that the node last worked on; null before the first. */
  remembered(): Promise<StoreIdentity | null>;
  /** Durable when it resolves. */
  remember(store: StoreIdentity): Promise<void>;
}
