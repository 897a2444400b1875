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
  /** How many transactions have changed the ledger. */
  commits(): number;
  /** Aborted when the sandbox closes. */
  readonly closing: AbortSignal;
  /** Our own address, as mails and webhooks name it. */
  ownOrigin(): string;
  /** A header value that differs from answer to answer and from nothing else. */
  nextCorrelationId(): string;
}
