import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { EvergrantError } from "@evergrant/core";
import { LIMITS } from "../http/limits.ts";

/** What a call carries. Only what is kept whole can be sent a second time. */
export type CallBody =
  | { readonly kind: "none" }
  | { readonly kind: "kept"; readonly bytes: Buffer }
  | { readonly kind: "streamed"; readonly stream: Readable; readonly length: string | null };

/**
 * The body of a call: a small one is kept, a large one or one of unknown length streams through.
 * @throws body_too_large for a GET or HEAD, whose body means nothing (RFC 9110 §9.3.1) and is left out
 */
export async function callBody(request: IncomingMessage): Promise<CallBody> {
  const length = request.headers["content-length"];
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  if (!isChunked && (length === undefined || Number(length) === 0)) return { kind: "none" };
  const isSmall = !isChunked && Number(length) <= LIMITS.replayableBodyBytes;
  const isMeaningless = request.method === "GET" || request.method === "HEAD";
  if (isMeaningless && !isSmall) throw new EvergrantError("body_too_large");
  if (!isSmall) return { kind: "streamed", stream: request, length: length ?? null };
  const bytes = await whole(request);
  return isMeaningless ? { kind: "none" } : { kind: "kept", bytes };
}

async function whole(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
