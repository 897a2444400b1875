import { crc32 } from "node:zlib";

/** One record as it lies in a segment: a plain, checksummed head and a sealed payload. */
export interface Frame {
  readonly position: number;
  /** Every position up to this one was on disk when the frame was written. */
  readonly syncedTo: number;
  readonly payload: Buffer;
}

/** The sound frames of a segment. `torn`: the rest was being written when the process died. `damaged`: sound records lie behind it. */
export interface FrameScan {
  readonly frames: readonly Frame[];
  readonly end:
    | { readonly kind: "whole" }
    | { readonly kind: "torn"; readonly offset: number }
    | { readonly kind: "damaged"; readonly offset: number };
}

export const LONGEST_PAYLOAD = 1024 * 1024;

const MARK = Buffer.from("EvJ1", "latin1");
const CHECKSUM_AT = 4;
const LENGTH_AT = 8;
const POSITION_AT = 12;
const SYNCED_AT = 20;
const HEAD_BYTES = 28;

export function encodeFrame({ position, syncedTo, payload }: Frame): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MARK.copy(head);
  head.writeUInt32BE(payload.length, LENGTH_AT);
  head.writeBigUInt64BE(BigInt(position), POSITION_AT);
  head.writeBigUInt64BE(BigInt(syncedTo), SYNCED_AT);
  const frame = Buffer.concat([head, payload]);
  frame.writeUInt32BE(crc32(frame.subarray(LENGTH_AT)), CHECKSUM_AT);
  return frame;
}

/**
 * Reads frames in order until the end or the first that is not sound. What follows that one decides: a record that was written when
 * the broken one was already on disk means damage; anything else never had its write acknowledged.
 */
export function scanFrames(bytes: Buffer, start: number, firstPosition: number): FrameScan {
  const frames: Frame[] = [];
  let offset = start;
  while (offset < bytes.length) {
    const expected = firstPosition + frames.length;
    const frame = frameAt(bytes, offset);
    if (frame === null || frame.position !== expected) {
      const kind = acknowledgedBehind(bytes, offset + 1, expected) ? "damaged" : "torn";
      return { frames, end: { kind, offset } };
    }
    frames.push(frame);
    offset += HEAD_BYTES + frame.payload.length;
  }
  return { frames, end: { kind: "whole" } };
}

function frameAt(bytes: Buffer, offset: number): Frame | null {
  if (bytes.length - offset < HEAD_BYTES || bytes.compare(MARK, 0, MARK.length, offset, offset + MARK.length) !== 0)
    return null;
  const length = bytes.readUInt32BE(offset + LENGTH_AT);
  const end = offset + HEAD_BYTES + length;
  if (length > LONGEST_PAYLOAD || end > bytes.length) return null;
  if (crc32(bytes.subarray(offset + LENGTH_AT, end)) !== bytes.readUInt32BE(offset + CHECKSUM_AT)) return null;
  return {
    position: Number(bytes.readBigUInt64BE(offset + POSITION_AT)),
    syncedTo: Number(bytes.readBigUInt64BE(offset + SYNCED_AT)),
    payload: bytes.subarray(offset + HEAD_BYTES, end),
  };
}

function acknowledgedBehind(bytes: Buffer, from: number, position: number): boolean {
  for (let at = bytes.indexOf(MARK, from); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const frame = frameAt(bytes, at);
    if (frame !== null && frame.syncedTo >= position) return true;
  }
  return false;
}
