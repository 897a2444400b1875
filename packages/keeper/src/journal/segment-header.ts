import { createHash, type KeyObject } from "node:crypto";
import type { JournalKeys } from "./journal-keys.ts";

/** The plain first line of a segment: all that is needed to open it, and nothing that is secret. */
export interface SegmentHeader {
  readonly format: "evergrant-journal/1";
  readonly deployment: string;
  readonly node: string;
  /** Which key of the ring opens it. */
  readonly key: string;
  /** Random: two folders copied from one never use one key twice. */
  readonly segment: string;
  readonly number: number;
  readonly firstPosition: number;
  /** Every position up to this one was on disk when the segment was begun: what is missing below it was damaged, not torn. */
  readonly durableBefore: number;
  readonly createdAtMs: number;
}

/** What a header line says; `torn` when the segment was never begun, `unreadable` when something else stands there. */
export type HeaderReading =
  | { readonly kind: "header"; readonly header: SegmentHeader; readonly bytes: Buffer }
  | { readonly kind: "torn" }
  | { readonly kind: "unreadable" };

/** No header is longer; a file that long without a line end holds something else. */
export const LONGEST_HEADER = 1024;

export function encodeHeader(header: SegmentHeader): Buffer {
  return Buffer.from(`${JSON.stringify(header)}\n`, "utf8");
}

/** Reads the header at the start of these bytes. */
export function readHeader(bytes: Buffer): HeaderReading {
  const end = bytes.subarray(0, LONGEST_HEADER).indexOf("\n");
  if (end < 0) return bytes.length < LONGEST_HEADER || isBlank(bytes) ? { kind: "torn" } : { kind: "unreadable" };
  const header = parseHeader(bytes.subarray(0, end).toString("utf8"));
  return header === null ? { kind: "unreadable" } : { kind: "header", header, bytes: bytes.subarray(0, end + 1) };
}

/** The segment's own key, and the digest of its header that every record is bound to. */
export function segmentSeal(keys: JournalKeys, header: SegmentHeader, headerBytes: Uint8Array): SegmentSeal {
  return {
    key: keys.derive(header.key, `evergrant/journal/1/${header.node}/${header.segment}`),
    headerDigest: createHash("sha256").update(headerBytes).digest(),
  };
}

export interface SegmentSeal {
  readonly key: KeyObject;
  readonly headerDigest: Buffer;
}

// A file system may give a file its length before its content.
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function parseHeader(line: string): SegmentHeader | null {
  try {
    const header = JSON.parse(line) as Partial<Record<keyof SegmentHeader, unknown>>;
    const texts = [header.deployment, header.node, header.key, header.segment];
    const numbers = [header.number, header.firstPosition, header.durableBefore, header.createdAtMs];
    const sound =
      header.format === "evergrant-journal/1" &&
      texts.every((text) => typeof text === "string" && text !== "") &&
      numbers.every((number) => typeof number === "number" && Number.isFinite(number) && number >= 0);
    return sound ? (header as SegmentHeader) : null;
  } catch {
    return null;
  }
}
