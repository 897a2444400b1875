import { createCipheriv, createDecipheriv } from "node:crypto";
import { Secret } from "@evergrant/core";
import type { JournalRecord } from "../ports/journal.ts";
import type { Frame } from "./frame.ts";
import type { SegmentSeal } from "./segment-header.ts";

const TAG_BYTES = 16;

/** A record as the text that is sealed; the only place of the journal where secrets are in clear. */
export function recordText(record: JournalRecord): string {
  switch (record.kind) {
    case "intent":
      return JSON.stringify({ ...record, spends: record.spends?.reveal() ?? null });
    case "answer":
      return JSON.stringify({ ...record, body: record.body.reveal() });
    case "settled":
      return JSON.stringify(record);
  }
}

/** AES-256-GCM under the segment's own key. The nonce is the position, which no segment holds twice; the header is bound in. */
export function sealRecord(
  seal: SegmentSeal,
  place: { readonly position: number; readonly syncedTo: number },
  text: string,
): Frame {
  const cipher = createCipheriv("aes-256-gcm", seal.key, nonceOf(place.position));
  cipher.setAAD(boundIn(seal, place));
  const payload = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { ...place, payload };
}

/** The record of a frame, or null where it was not sealed in this place with this key. */
export function openRecord(seal: SegmentSeal, frame: Frame): JournalRecord | null {
  if (frame.payload.length < TAG_BYTES) return null;
  const decipher = createDecipheriv("aes-256-gcm", seal.key, nonceOf(frame.position), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundIn(seal, frame));
  decipher.setAuthTag(frame.payload.subarray(-TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(frame.payload.subarray(0, -TAG_BYTES)), decipher.final()]);
    return parseRecord(plain.toString("utf8"));
  } catch {
    return null;
  }
}

/** The three kinds as they lie in clear text: what we sealed ourselves, so its shape is known once it opens. */
type PlainRecord =
  | (Omit<Extract<JournalRecord, { kind: "intent" }>, "spends"> & { readonly spends: string | null })
  | (Omit<Extract<JournalRecord, { kind: "answer" }>, "body"> & { readonly body: string })
  | Extract<JournalRecord, { kind: "settled" }>;

function parseRecord(text: string): JournalRecord | null {
  const plain = JSON.parse(text) as PlainRecord;
  switch (plain.kind) {
    case "intent":
      return { ...plain, spends: plain.spends === null ? null : new Secret(plain.spends) };
    case "answer":
      return { ...plain, body: new Secret(plain.body) };
    case "settled":
      return plain;
    default:
      return null;
  }
}

function nonceOf(position: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(position), 4);
  return nonce;
}

function boundIn(seal: SegmentSeal, { position, syncedTo }: { position: number; syncedTo: number }): Buffer {
  const place = Buffer.alloc(16);
  place.writeBigUInt64BE(BigInt(position));
  place.writeBigUInt64BE(BigInt(syncedTo), 8);
  return Buffer.concat([seal.headerDigest, place]);
}
