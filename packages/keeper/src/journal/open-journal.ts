import { chmod, mkdir, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NodeId } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { Journal, JournalPosition } from "../ports/journal.ts";
import type { Time } from "../ports/time.ts";
import { type CreateAppendFile, createAppendFile, syncFolder } from "./durable-files.ts";
import { eraseRecords } from "./erase-records.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { forgettableSegments } from "./forgettable-segments.ts";
import { journalUnwritable } from "./journal-error.ts";
import type { JournalKeys } from "./journal-keys.ts";
import { JournalWriter } from "./journal-writer.ts";
import { nodeIdentity } from "./node-identity.ts";
import { segmentName } from "./segment-name.ts";
import { firstPosition, keyIdsOf, lastPlace, readSegments, type StoredSegments } from "./stored-segments.ts";

export interface JournalPlace {
  /** Held by one process at a time; made with mode 0700 where it is missing. */
  readonly folder: string;
  readonly ring: JournalKeys;
  readonly deployment: string;
  readonly time: Time;
  readonly chance: Chance;
  /** How long a segment grows; 8 MiB. */
  readonly segmentBytes?: number;
  /** How a segment's file is made; the real file system. */
  readonly createFile?: CreateAppendFile;
}

/** A journal that is open, with what its folder says. */
export interface OpenJournal extends Journal {
  /** Drawn when the folder was made: the node is its journal. */
  readonly node: NodeId;
  /** The newest record on disk; 0 before the first. */
  readonly lastPosition: JournalPosition;
  /** The folder lies in memory (tmpfs, ramfs): nothing in it outlives the machine. */
  readonly onMemoryDisk: boolean;
  /** Keys of the ring that its segments need. */
  keyIds(): Promise<readonly string[]>;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;

/**
 * Opens a node's journal: takes its folder, reads where it ended and begins a new segment.
 * Throws `journal_held`, `journal_foreign`, `journal_unwritable` or `kek_wrong`; nothing stays open then.
 */
export async function openJournal(place: JournalPlace): Promise<OpenJournal> {
  const { folder, deployment, ring: keys, time, chance } = place;
  const onMemoryDisk = await prepareFolder(folder);
  const lock = lockFolder(folder);
  try {
    const node = await nodeIdentity(folder, deployment, chance);
    const segments: StoredSegments = { folder, deployment, node, keys };
    const writer = new JournalWriter(
      {
        ...segments,
        time,
        chance,
        createFile: place.createFile ?? createAppendFile,
        segmentBytes: place.segmentBytes ?? SEGMENT_BYTES,
      },
      await lastPlace(segments),
    );
    await writer.begin();
    return journalOver(segments, { writer, lock, onMemoryDisk, chance });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Whether a folder could be a journal's: writable, and nobody else's. Asked before a first start makes anything that would stay.
 * Throws `journal_held` or `journal_unwritable`.
 */
export async function tryJournalFolder(folder: string): Promise<Pick<OpenJournal, "onMemoryDisk">> {
  const onMemoryDisk = await prepareFolder(folder);
  lockFolder(folder).release();
  return { onMemoryDisk };
}

function journalOver(
  segments: StoredSegments,
  parts: { writer: JournalWriter; lock: FolderLock; onMemoryDisk: boolean; chance: Chance },
): OpenJournal {
  const { writer, lock, onMemoryDisk } = parts;
  let closing: Promise<void> | null = null;
  let tidying: Promise<unknown> = Promise.resolve();
  // Segments are deleted or written anew by one at a time.
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = tidying.then(work);
    tidying = done.catch(() => undefined);
    return done;
  };
  return {
    node: segments.node,
    get lastPosition() {
      return writer.durableTo;
    },
    onMemoryDisk,
    keyIds: () => keyIdsOf(segments),
    append: (record) => writer.append(record),
    read: async (from) => (await readSegments(segments, from)).flatMap(({ entries }) => entries),
    firstPosition: () => firstPosition(segments),
    forgetBefore: (atMs) => alone(() => forgetBefore(segments, writer.finishedBelow(), atMs)),
    erase: (isErased) => alone(() => eraseEverywhere(segments, writer, { isErased, chance: parts.chance })),
    close: () => {
      closing ??= tidying.then(() => writer.close()).finally(() => lock.release());
      return closing;
    },
  };
}

async function forgetBefore(segments: StoredSegments, finishedBelow: number, beforeMs: number): Promise<void> {
  const all = await readSegments(segments);
  const going = forgettableSegments(all, { finishedBelow, beforeMs });
  try {
    for (const number of going) await rm(join(segments.folder, segmentName(number)), { force: true });
    if (going.length > 0) await syncFolder(segments.folder);
  } catch (error) {
    throw journalUnwritable("a segment cannot be deleted", error);
  }
}

async function eraseEverywhere(
  segments: StoredSegments,
  writer: JournalWriter,
  work: Parameters<typeof eraseRecords>[2],
): Promise<number> {
  await writer.finishSegment();
  let erased = 0;
  for (const { number } of await readSegments(segments))
    if (number < writer.finishedBelow()) erased += await eraseRecords(segments, number, work);
  return erased;
}

// As statfs(2) names them.
const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;

async function prepareFolder(folder: string): Promise<boolean> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) {
      await chmod(folder, 0o700);
      await syncFolder(dirname(made));
    }
    const { type } = await statfs(folder);
    return type === TMPFS || type === RAMFS;
  } catch (error) {
    throw journalUnwritable("its folder cannot be prepared", error);
  }
}
