import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EvergrantError, type NodeId } from "@evergrant/core";
import type { JournalEntry } from "../ports/journal.ts";
import { scanFrames } from "./frame.ts";
import { errorCode, journalDamaged, journalUnwritable } from "./journal-error.ts";
import type { JournalKeys } from "./journal-keys.ts";
import { openRecord } from "./sealed-record.ts";
import { LONGEST_HEADER, readHeader, type SegmentHeader, segmentSeal } from "./segment-header.ts";
import { segmentName, segmentNumber } from "./segment-name.ts";

/** The segments that lie in a folder, as they are now. */
export interface StoredSegments {
  readonly folder: string;
  readonly deployment: string;
  readonly node: NodeId;
  readonly keys: JournalKeys;
}

/** A segment that was read whole. */
export interface ReadSegment {
  readonly number: number;
  readonly entries: readonly JournalEntry[];
}

/**
 * Where the next segment goes on. Looks at every header: another deployment's or node's throws `journal_foreign`,
 * one that this ring cannot open `kek_wrong`.
 */
export async function lastPlace(segments: StoredSegments): Promise<{ segment: number; position: number }> {
  let segment = 0;
  let position = 0;
  let newestBegun: number | null = null;
  for (const number of await segmentNumbers(segments.folder)) {
    segment = number;
    const header = await headerOf(segments, number);
    if (header === null) continue;
    checkOwner(segments, header);
    newestBegun = number;
    position = Math.max(position, header.firstPosition - 1);
  }
  const newest = newestBegun === null ? null : await readSegment(segments, newestBegun);
  return { segment, position: Math.max(position, newest?.entries.at(-1)?.position ?? 0) };
}

/** The keys that the segments need, each once. */
export async function keyIdsOf(segments: StoredSegments): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const number of await segmentNumbers(segments.folder)) {
    const header = await headerOf(segments, number);
    if (header !== null) ids.add(header.key);
  }
  return [...ids].sort();
}

/** The first position of the oldest segment that holds anything; null where none does. */
export async function firstPosition(segments: StoredSegments): Promise<number | null> {
  for (const number of await segmentNumbers(segments.folder)) {
    const first = (await readSegment(segments, number))?.entries[0];
    if (first !== undefined) return first.position;
  }
  return null;
}

/**
 * Every segment with its records, oldest first; with `from`, the one that this position lies in and those after it.
 * A torn end is left out; damage throws.
 */
export async function readSegments(segments: StoredSegments, from = 0): Promise<readonly ReadSegment[]> {
  const read: ReadSegment[] = [];
  let previous: number | null = null;
  let lastPosition = 0;
  for (const number of await numbersFrom(segments, from)) {
    const content = await readSegment(segments, number);
    if (content === null) continue;
    const { header, entries } = content;
    // The one before was on disk up to there when this one was begun; its end was not torn but lost.
    if (header !== null && previous === number - 1 && lastPosition < header.durableBefore)
      throw journalDamaged(segmentName(previous), "at its end");
    read.push({ number, entries });
    previous = number;
    lastPosition = Math.max(lastPosition, entries.at(-1)?.position ?? (header?.firstPosition ?? 1) - 1);
  }
  return read;
}

// A segment whose successor begins at or before the position holds nothing from there on.
async function numbersFrom(segments: StoredSegments, from: number): Promise<readonly number[]> {
  const numbers = await segmentNumbers(segments.folder);
  if (from <= 0) return numbers;
  for (let at = numbers.length - 1; at > 0; at -= 1) {
    const header = await headerOf(segments, numbers[at] ?? 0);
    if (header !== null && header.firstPosition <= from) return numbers.slice(at);
  }
  return numbers;
}

async function segmentNumbers(folder: string): Promise<readonly number[]> {
  try {
    const names = await readdir(folder);
    return names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
  } catch (error) {
    throw journalUnwritable("its folder cannot be read", error);
  }
}

async function readSegment(
  segments: StoredSegments,
  number: number,
): Promise<{ header: SegmentHeader | null; entries: readonly JournalEntry[] } | null> {
  const name = segmentName(number);
  const bytes = await readIfThere(join(segments.folder, name));
  if (bytes === null) return null;
  const reading = readHeader(bytes);
  if (reading.kind === "unreadable") throw journalDamaged(name, "at its first line");
  if (reading.kind === "torn") return { header: null, entries: [] };
  const { header } = reading;
  checkOwner(segments, header);
  const scan = scanFrames(bytes, reading.bytes.length, header.firstPosition);
  if (scan.end.kind === "damaged") throw journalDamaged(name, `at byte ${scan.end.offset}`);
  const seal = segmentSeal(segments.keys, header, reading.bytes);
  const entries = scan.frames.map((frame) => {
    const record = openRecord(seal, frame);
    if (record === null) throw journalDamaged(name, `at position ${frame.position}, or sealed with another key`);
    return { position: frame.position, record };
  });
  return { header, entries };
}

function checkOwner(segments: StoredSegments, header: SegmentHeader): void {
  const { deployment, node, keys } = segments;
  if (header.deployment !== deployment)
    throw new EvergrantError("journal_foreign", { detail: `a segment belongs to ${header.deployment}` });
  if (header.node !== node)
    throw new EvergrantError("journal_foreign", { detail: `a segment belongs to node ${header.node}` });
  if (!keys.has(header.key))
    throw new EvergrantError("kek_wrong", { detail: `the journal needs key ${header.key}, which the ring lacks` });
}

async function headerOf(segments: StoredSegments, number: number): Promise<SegmentHeader | null> {
  const name = segmentName(number);
  let handle: FileHandle | null = null;
  try {
    handle = await open(join(segments.folder, name), "r");
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(LONGEST_HEADER), 0, LONGEST_HEADER, 0);
    const reading = readHeader(buffer.subarray(0, bytesRead));
    if (reading.kind === "unreadable") throw journalDamaged(name, "at its first line");
    return reading.kind === "header" ? reading.header : null;
  } catch (error) {
    throw error instanceof EvergrantError ? error : journalUnwritable(`${name} cannot be read`, error);
  } finally {
    await handle?.close();
  }
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    // Forgotten since the folder was listed.
    if (errorCode(error) === "ENOENT") return null;
    throw journalUnwritable("a segment cannot be read", error);
  }
}
