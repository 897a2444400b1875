import type { AttemptId, ChainId, ConsentId, GrantId, Secret, TokenVersionId } from "@evergrant/core";

/** What an attempt spends: a grant's token, or the one authorization code of a consent. */
export type JournalSubject =
  | {
      readonly kind: "grant";
      readonly grant: GrantId;
      readonly chain: ChainId;
      readonly generation: number;
      readonly token: TokenVersionId | null;
    }
  | {
      readonly kind: "consent";
      readonly consent: ConsentId;
      /** What the callback said beside code and state: a store that forgot the consent's claim forgot this too. */
      readonly callback?: Readonly<Record<string, string>>;
    };

/** One record. `intent` is written before the first byte is sent, `answer` before the answer is parsed, `settled` after the store has it. */
export type JournalRecord =
  | {
      readonly kind: "intent";
      readonly attempt: AttemptId;
      readonly subject: JournalSubject;
      readonly fence: number;
      readonly leaseUntilMs: number;
      readonly atMs: number;
      readonly spends: Secret | null;
    }
  | {
      readonly kind: "answer";
      readonly attempt: AttemptId;
      readonly subject: JournalSubject;
      readonly status: number;
      readonly body: Secret;
      readonly atMs: number;
    }
  | { readonly kind: "settled"; readonly attempt: AttemptId; readonly atMs: number };

/** Where a record lies: grows with every record of this journal, across restarts. */
export type JournalPosition = number;

export interface JournalEntry {
  readonly position: JournalPosition;
  readonly record: JournalRecord;
}

/** A node's own append-only file. Its folder is held by one process at a time. */
export interface Journal {
  /** Resolves once the record is on disk (fsync); rejects when that cannot be promised, and then nothing may be sent. */
  append(record: JournalRecord): Promise<JournalPosition>;
  /**
   * Everything still kept, oldest first; a torn last record is left out. With `from`, at least every record from that position on:
   * so that looking for the last moments does not cost what a journal of months would.
   */
  read(from?: JournalPosition): Promise<readonly JournalEntry[]>;
  /** The oldest record that is still kept; null before the first. */
  firstPosition(): Promise<JournalPosition | null>;
  /** Deletes whole segments whose every attempt is settled and older than the instant. */
  forgetBefore(atMs: number): Promise<void>;
  /** Takes what these records hold away for good, of their attempts only that they are over stays. How many had something to lose. */
  erase(isErased: (record: JournalRecord) => boolean): Promise<number>;
  close(): Promise<void>;
}
