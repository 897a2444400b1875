import { createCipheriv, createDecipheriv, createHash, type KeyObject } from "node:crypto";
import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { KeyRing } from "./key-ring.ts";

/** The plain first line of a backup: all that is needed to find its key, and nothing that is secret. */
export interface BackupHeader {
  readonly format: "evergrant-backup/1";
  readonly deployment: string;
  /** Which key of the ring it is sealed by. */
  readonly key: string;
  /** Random: no two backups share a key. */
  readonly salt: string;
  readonly createdAtMs: number;
  /** The steps of the schema. */
  readonly steps: readonly string[];
}

const LONGEST_HEADER = 64 * 1024;
const LONGEST_PIECE = 64 * 1024 * 1024;
const TAG_BYTES = 16;

/**
 * Seals pieces one after the other under a key of the stream's own: AES-256-GCM, the position as nonce, header and position bound in, and
 * with the last piece that it is the last, so that nothing can be changed, left out, moved or cut off unseen.
 */
export async function* sealStream(
  ring: KeyRing,
  about: Omit<BackupHeader, "format" | "key" | "salt">,
  given: { readonly pieces: AsyncIterable<Uint8Array>; readonly chance: Chance },
): AsyncGenerator<Uint8Array> {
  const salt = Buffer.from(given.chance.bytes(16)).toString("base64url");
  const header: BackupHeader = { format: "evergrant-backup/1", key: ring.primaryId, salt, ...about };
  const line = Buffer.from(`${JSON.stringify(header)}\n`, "utf8");
  yield line;
  const seal = sealOf(ring, header, line);
  let position = 0;
  let held: Uint8Array | null = null;
  // One is held back, as only what follows tells whether it is the last.
  for await (const piece of given.pieces) {
    if (held !== null) yield closed(seal, { position: position++, isLast: false }, held);
    held = piece;
  }
  yield closed(seal, { position, isLast: true }, held ?? new Uint8Array());
}

/** The header of a sealed stream, and its pieces. @throws backup_damaged · kek_wrong where the ring lacks its key */
export async function openStream(
  ring: KeyRing,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly header: BackupHeader; readonly pieces: AsyncGenerator<Buffer> }> {
  const source = new ByteSource(bytes);
  const line = await source.line(LONGEST_HEADER);
  const header = parseHeader(line);
  if (!ring.has(header.key))
    throw new EvergrantError("kek_wrong", { detail: `the backup needs key ${header.key}, which the ring lacks` });
  return { header, pieces: openPieces(sealOf(ring, header, line), source) };
}

async function* openPieces(seal: StreamSeal, source: ByteSource): AsyncGenerator<Buffer> {
  for (let position = 0; ; position += 1) {
    const head = await source.take(5);
    const length = head.readUInt32BE(0);
    const isLast = head[4] === 1;
    if (length > LONGEST_PIECE || length < TAG_BYTES || (head[4] ?? 2) > 1)
      throw damaged(`piece ${position} does not begin as ours do`);
    yield opened(seal, { position, isLast }, await source.take(length));
    if (!isLast) continue;
    if (await source.hasMore()) throw damaged("something follows its end");
    return;
  }
}

interface StreamSeal {
  readonly key: KeyObject;
  readonly digest: Buffer;
}

interface Place {
  readonly position: number;
  readonly isLast: boolean;
}

function sealOf(ring: KeyRing, header: BackupHeader, line: Uint8Array): StreamSeal {
  const key = ring.derive(header.key, `evergrant/backup/1/${header.deployment}/${header.salt}`);
  return { key, digest: createHash("sha256").update(line).digest() };
}

function closed(seal: StreamSeal, place: Place, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", seal.key, nonceOf(place)).setAAD(boundIn(seal, place));
  const inside = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(inside.length);
  head[4] = place.isLast ? 1 : 0;
  return Buffer.concat([head, inside]);
}

function opened(seal: StreamSeal, place: Place, inside: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", seal.key, nonceOf(place), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundIn(seal, place)).setAuthTag(inside.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(inside.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw damaged(`piece ${place.position} does not open`);
  }
}

function nonceOf({ position }: Place): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(position), 4);
  return nonce;
}

function boundIn(seal: StreamSeal, { isLast }: Place): Buffer {
  return Buffer.concat([seal.digest, Buffer.from([isLast ? 1 : 0])]);
}

function parseHeader(line: Buffer): BackupHeader {
  try {
    const header = JSON.parse(line.toString("utf8")) as Partial<Record<keyof BackupHeader, unknown>>;
    const { format, deployment, key, salt, createdAtMs, steps } = header;
    const isTold = [deployment, key, salt].every((text) => typeof text === "string");
    if (format === "evergrant-backup/1" && isTold && typeof createdAtMs === "number" && Array.isArray(steps))
      return header as BackupHeader;
  } catch {
    // Falls through: not JSON.
  }
  throw damaged("its first line is not that of a backup");
}

function damaged(detail: string): EvergrantError {
  return new EvergrantError("backup_damaged", { detail });
}

/** Bytes as they are asked for, however they come. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length) if (!(await this.#more())) throw damaged("it ends too soon");
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async line(atMost: number): Promise<Buffer> {
    for (let end = -1; end < 0; ) {
      end = this.#held.indexOf("\n");
      if (end >= 0) return await this.take(end + 1);
      if (this.#held.length > atMost || !(await this.#more())) throw damaged("it has no first line");
    }
    throw damaged("it has no first line");
  }

  async hasMore(): Promise<boolean> {
    return this.#held.length > 0 || (await this.#more());
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#held = Buffer.concat([this.#held, next.value]);
    return true;
  }
}
