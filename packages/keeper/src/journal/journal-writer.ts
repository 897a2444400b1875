import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { JournalPosition, JournalRecord } from "../ports/journal.ts";
import type { Time } from "../ports/time.ts";
import { type AppendFile, type CreateAppendFile, syncFolder } from "./durable-files.ts";
import { encodeFrame, LONGEST_PAYLOAD } from "./frame.ts";
import { journalUnwritable } from "./journal-error.ts";
import type { JournalKeys } from "./journal-keys.ts";
import { recordText, sealRecord } from "./sealed-record.ts";
import { encodeHeader, type SegmentHeader, type SegmentSeal, segmentSeal } from "./segment-header.ts";
import { segmentName } from "./segment-name.ts";

/** What is fixed for as long as the journal is open. */
export interface WriterSetting {
  readonly folder: string;
  readonly deployment: string;
  readonly node: NodeId;
  readonly keys: JournalKeys;
  readonly time: Time;
  readonly chance: Chance;
  readonly createFile: CreateAppendFile;
  /** A segment that has grown this long is followed by another. */
  readonly segmentBytes: number;
}

interface Waiting {
  readonly text: string;
  readonly resolve: (position: JournalPosition) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenSegment {
  readonly file: AppendFile;
  readonly number: number;
  readonly seal: SegmentSeal;
  readonly key: string;
  length: number;
}

const LONGEST_QUEUE = 10_000;
const LARGEST_BATCH = 500;

/**
 * Appends with group commit: all that arrives while one sync runs shares the next. After a failed write or sync the file's state is
 * unknown, so it is never written again: those appends reject and the next begins a new segment.
 */
export class JournalWriter {
  readonly #setting: WriterSetting;
  readonly #waiting: Waiting[] = [];
  #segment: OpenSegment | null = null;
  #nextNumber: number;
  #nextPosition: JournalPosition;
  #syncedTo: JournalPosition;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(setting: WriterSetting, after: { readonly segment: number; readonly position: JournalPosition }) {
    this.#setting = setting;
    this.#nextNumber = after.segment + 1;
    this.#nextPosition = after.position + 1;
    this.#syncedTo = after.position;
  }

  /** Begins the first segment, so that a folder that cannot be written is known at start. */
  async begin(): Promise<void> {
    try {
      await this.#begunSegment();
    } catch (error) {
      throw journalUnwritable("a new segment cannot be begun", error);
    }
  }

  append(record: JournalRecord): Promise<JournalPosition> {
    const text = recordText(record);
    if (Buffer.byteLength(text) > LONGEST_PAYLOAD / 2)
      return Promise.reject(new EvergrantError("internal_error", { detail: "a journal record is too long" }));
    if (this.#closed) return Promise.reject(journalUnwritable("it is closed"));
    if (this.#waiting.length >= LONGEST_QUEUE) return Promise.reject(journalUnwritable("too many records wait"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#running ??= this.#writeAll();
    });
  }

  /** Every record up to this position is on disk. */
  get durableTo(): JournalPosition {
    return this.#syncedTo;
  }

  /** Every segment below this number is finished and will not grow. */
  finishedBelow(): number {
    return this.#segment?.number ?? this.#nextNumber;
  }

  /** Ends the segment that grows: whatever comes goes into a new one, and all that was written can be looked at whole. */
  async finishSegment(): Promise<void> {
    while (this.#running !== null) await this.#running;
    const finished = this.#segment;
    this.#segment = null;
    await finished?.file.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#segment?.file.close();
    this.#segment = null;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        const first = await this.#writeBatch(batch);
        for (const [index, { resolve }] of batch.entries()) resolve(first + index);
      } catch (error) {
        await this.#abandonSegment();
        const failure = journalUnwritable("a record could not be put on disk", error);
        for (const { reject } of batch) reject(failure);
      }
    }
    // In the same turn as the look at the queue: who appends next must find either the loop or nobody.
    this.#running = null;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<JournalPosition> {
    const segment = await this.#begunSegment();
    const first = this.#nextPosition;
    // Counted before the write: whatever a failing write leaves behind, its positions are never given again.
    this.#nextPosition += batch.length;
    const frames = batch.map(({ text }, index) =>
      encodeFrame(sealRecord(segment.seal, { position: first + index, syncedTo: this.#syncedTo }, text)),
    );
    const bytes = Buffer.concat(frames);
    await segment.file.write(bytes);
    await segment.file.sync();
    segment.length += bytes.length;
    this.#syncedTo = this.#nextPosition - 1;
    return first;
  }

  async #begunSegment(): Promise<OpenSegment> {
    const { segmentBytes, keys } = this.#setting;
    // What comes after another key became the primary is sealed by it.
    if (this.#segment !== null && this.#segment.length < segmentBytes && this.#segment.key === keys.primaryId)
      return this.#segment;
    const finished = this.#segment;
    this.#segment = null;
    await finished?.file.close();
    this.#segment = await this.#newSegment();
    return this.#segment;
  }

  async #newSegment(): Promise<OpenSegment> {
    const { folder, deployment, node, keys, time, chance, createFile } = this.#setting;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const header: SegmentHeader = {
      format: "evergrant-journal/1",
      deployment,
      node,
      key: keys.primaryId,
      segment: Buffer.from(chance.bytes(16)).toString("base64url"),
      number,
      firstPosition: this.#nextPosition,
      durableBefore: this.#syncedTo,
      createdAtMs: time.wallMs(),
    };
    const bytes = encodeHeader(header);
    const path = join(folder, segmentName(number));
    const file = await createFile(path);
    try {
      await file.write(bytes);
      await file.sync();
      await syncFolder(folder);
    } catch (error) {
      await file.close().catch(() => undefined);
      // Holds no record; a disk that is full need not keep it.
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
    return { file, number, key: header.key, seal: segmentSeal(keys, header, bytes), length: bytes.length };
  }

  async #abandonSegment(): Promise<void> {
    const broken = this.#segment;
    this.#segment = null;
    await broken?.file.close().catch(() => undefined);
  }
}
