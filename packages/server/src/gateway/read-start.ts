import { Readable } from "node:stream";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

/** A body of which the beginning was read. */
export interface StartedBody {
  readonly start: Buffer;
  /** The whole body again, as if nothing had been read. */
  readonly body: Readable;
  /** There was nothing more than the beginning. */
  readonly whole: boolean;
}

/** Reads the beginning of a body, up to about so many bytes. */
export async function readStart(body: Readable, atMostBytes: number): Promise<StartedBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  const rest = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await rest.next();
    if (next.done === true) {
      const start = Buffer.concat(chunks);
      return { start, body: Readable.from([start]), whole: true };
    }
    chunks.push(next.value as Buffer);
    length += (next.value as Buffer).length;
    if (length >= atMostBytes) break;
  }
  const start = Buffer.concat(chunks);
  return { start, body: Readable.from(following(start, rest)), whole: false };
}

async function* following(start: Buffer, rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  try {
    yield start;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The text of a small body, its coding undone; empty where it cannot be. */
export function textOf(bytes: Buffer, coding: string | undefined, atMostBytes: number): string {
  const limit = { maxOutputLength: atMostBytes };
  try {
    switch (coding?.toLowerCase()) {
      case undefined:
      case "identity":
        return bytes.toString("utf8");
      case "gzip":
        return gunzipSync(bytes, limit).toString("utf8");
      case "deflate":
        return inflateSync(bytes, limit).toString("utf8");
      case "br":
        return brotliDecompressSync(bytes, limit).toString("utf8");
      default:
        return "";
    }
  } catch {
    return "";
  }
}
