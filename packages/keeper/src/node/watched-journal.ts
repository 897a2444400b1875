import type { AttemptId, NodeId } from "@evergrant/core";
import type { Journal, JournalPosition, JournalRecord } from "../ports/journal.ts";
import type { JournalMark } from "../ports/node-store.ts";

/** A journal that knows whose it is, and its newest record on disk; 0 before the first. */
export interface NodeJournal extends Journal {
  readonly node: NodeId;
  readonly lastPosition: JournalPosition;
}

/** Until the store was held against the journal, nothing that it was told may be overwritten. */
const NOT_MET: JournalPosition = Number.MAX_SAFE_INTEGER;

/**
 * A journal that knows whether the last append could be promised (what readiness reports), and of which of its records the store
 * has said that it has them.
 */
export class WatchedJournal implements Journal {
  readonly #journal: NodeJournal;
  /** The newest record of each attempt that is not settled. */
  readonly #open = new Map<AttemptId, JournalPosition>();
  writable = true;
  #acknowledged = NOT_MET;

  constructor(journal: NodeJournal) {
    this.#journal = journal;
  }

  get node(): NodeId {
    return this.#journal.node;
  }

  mark(): JournalMark {
    return { node: this.#journal.node, end: this.#journal.lastPosition, acknowledged: this.#acknowledged };
  }

  acknowledge(position: JournalPosition): void {
    // Never back: a later answer may have been settled meanwhile.
    this.#acknowledged = this.#acknowledged === NOT_MET ? position : Math.max(this.#acknowledged, position);
  }

  async append(record: JournalRecord): Promise<JournalPosition> {
    try {
      const position = await this.#journal.append(record);
      this.writable = true;
      this.#follow(record, position);
      return position;
    } catch (error) {
      this.writable = false;
      throw error;
    }
  }

  read(from?: JournalPosition) {
    return this.#journal.read(from);
  }

  firstPosition() {
    return this.#journal.firstPosition();
  }

  forgetBefore(atMs: number) {
    return this.#journal.forgetBefore(atMs);
  }

  erase(isErased: (record: JournalRecord) => boolean) {
    return this.#journal.erase(isErased);
  }

  close() {
    return this.#journal.close();
  }

  // What settled an attempt told the store of at least its answer, or of the send that none came for.
  #follow(record: JournalRecord, position: JournalPosition): void {
    switch (record.kind) {
      case "intent":
      case "answer":
        this.#open.set(record.attempt, position);
        return;
      case "settled":
        this.#acknowledged = Math.max(this.#acknowledged, this.#open.get(record.attempt) ?? 0);
        this.#open.delete(record.attempt);
        return;
    }
  }
}
