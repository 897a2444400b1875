import type { Draft } from "./ledger.ts";
import type { Mint } from "./mint.ts";
import type { Organisation } from "./rows.ts";
import type { Switches } from "./switches.ts";

/** One transaction at one instant: what every rule of the engine works on. */
export interface Turn {
  readonly draft: Draft;
  readonly nowMs: number;
  readonly switches: Switches;
  readonly mint: Mint;
  /** A label nobody else gets, to mint something new from. */
  label(kind: string): string;
  /** An organisation's books begin again, where organisations have any. */
  beginBooks(organisation: Organisation): void;
}
