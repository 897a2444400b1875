import type { BookChange } from "./accounting/books.ts";
import type { SandboxClock } from "./clock.ts";
import type { Engine } from "./engine/index.ts";
import type { Faults } from "./faults.ts";
import type { RequestJournal } from "./request-journal.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What the HTTP faces work on. */
export interface World {
  readonly engine: Engine;
  readonly clock: SandboxClock;
  readonly keys: SigningKeys;
  readonly faults: Faults;
  readonly journal: RequestJournal;
  /** Aborted when the sandbox closes. */
  readonly closing: AbortSignal;
  /** Told of every contact and invoice that was created or changed, after it was stored. */
  onChange(change: BookChange): void;
  /** A header value that differs from answer to answer and from nothing else. */
  nextCorrelationId(): string;
}
