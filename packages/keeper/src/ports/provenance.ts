import type { StoreIdentity } from "@evergrant/core";
import type { JournalPosition } from "./journal.ts";
import type { JournalMark } from "./node-store.ts";

/** What a node knows of its store and its journal from outside of the store. */
export interface Provenance {
  /** This process alone writes the store: there are no other nodes. */
  readonly exclusive: boolean;
  /** Where the journal stands, as every record tells it to the store. */
  mark(): JournalMark;
  /** The store has been told of everything up to here, if not of more; from now on it may be moved further. */
  acknowledge(position: JournalPosition): void;
  /** Which server keeps the store at this moment; null where there is none, or where it does not say. */
  server(): Promise<string | null>;
  /** The store that the node last worked on; null before the first. */
  remembered(): Promise<StoreIdentity | null>;
  /** Durable when it resolves. */
  remember(store: StoreIdentity): Promise<void>;
  /** How this node's time stood to the machine's clock after the last leap of that; null where it never leapt. */
  clockMark(): Promise<ClockMark | null>;
  /** Durable when it resolves. */
  rememberClock(mark: ClockMark): Promise<void>;
}

/** How the time of a node that is alone stands to its machine's clock. */
export interface ClockMark {
  /** How far it is ahead of the clock that was set back. */
  readonly aheadMs: number;
  /** How old that is which was received by this instant is not known; null where nothing is in doubt. */
  readonly doubtfulUntilMs: number | null;
}
