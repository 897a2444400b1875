import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Chance } from "../ports/chance.ts";
import type { JournalRecord } from "../ports/journal.ts";
import { createAppendFile, syncFolder } from "./durable-files.ts";
import { encodeFrame, scanFrames } from "./frame.ts";
import { journalDamaged, journalUnwritable } from "./journal-error.ts";
import { openRecord, recordText, sealRecord } from "./sealed-record.ts";
import { encodeHeader, readHeader, segmentSeal } from "./segment-header.ts";
import { segmentName } from "./segment-name.ts";
import type { StoredSegments } from "./stored-segments.ts";

/**
 * Takes the content of records away: the segment is written anew, under a key of its own that nobody has used, with nothing left of each
 * such record but that its attempt is over. The file takes the place of the old one at once or not at all. How many records went.
 */
export async function eraseRecords(
  segments: StoredSegments,
  number: number,
  work: { readonly isErased: (record: JournalRecord) => boolean; readonly chance: Chance },
): Promise<number> {
  const path = join(segments.folder, segmentName(number));
  const bytes = await readFile(path);
  const reading = readHeader(bytes);
  if (reading.kind !== "header") return 0;
  const { header } = reading;
  const old = segmentSeal(segments.keys, header, reading.bytes);
  const { frames } = scanFrames(bytes, reading.bytes.length, header.firstPosition);
  const opened = frames.map((frame) => {
    const record = openRecord(old, frame);
    if (record === null) throw journalDamaged(segmentName(number), `at position ${frame.position}`);
    return { frame, record };
  });
  const going = opened.filter(({ record }) => record.kind !== "settled" && work.isErased(record)).length;
  if (going === 0) return 0;
  const segment = Buffer.from(work.chance.bytes(16)).toString("base64url");
  const fresh = { ...header, key: segments.keys.primaryId, segment };
  const headerBytes = encodeHeader(fresh);
  const seal = segmentSeal(segments.keys, fresh, headerBytes);
  const rewritten = opened.map(({ frame, record }) => {
    const { attempt, atMs } = record;
    const kept: JournalRecord = work.isErased(record) ? { kind: "settled", attempt, atMs } : record;
    return encodeFrame(sealRecord(seal, frame, recordText(kept)));
  });
  await replace(path, Buffer.concat([headerBytes, ...rewritten]), work.chance);
  return going;
}

async function replace(path: string, bytes: Uint8Array, chance: Chance): Promise<void> {
  const beside = `${path}.${Buffer.from(chance.bytes(6)).toString("hex")}.new`;
  try {
    const file = await createAppendFile(beside);
    try {
      await file.write(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw journalUnwritable("a segment cannot be written anew", error);
  }
}
