import type { FastifyReply, FastifyRequest } from "fastify";
import type { FaultAction } from "../fault-table.ts";
import { waitRealMs } from "../real-time.ts";
import { type Answer, emptyAnswer } from "./answer.ts";

export type Wire = { readonly request: FastifyRequest; readonly reply: FastifyReply };

/** What is sent instead of an answer: another one, or the end of the connection. */
export type Instead = Answer | "drop" | "reset";

/** Strikes before the first byte: what happens instead of `answer`, or `go-on` if it is sent after all. */
export async function strike(action: FaultAction, answer: Answer, closing: AbortSignal): Promise<Instead | "go-on"> {
  switch (action.kind) {
    case "drop":
    case "reset":
      return action.kind;
    case "stall":
      await waitRealMs(action.ms, closing);
      return "go-on";
    case "html":
      return {
        status: action.status,
        headers: { "content-type": "text/html" },
        body: `<html><head><title>${action.status}</title></head><body><h1>${action.status} Gateway error</h1></body></html>`,
      };
    case "status":
      return emptyAnswer(action.status, limitHeaders(action));
    case "answer":
      return { status: action.status, headers: { "content-type": action.contentType }, body: action.body };
    case "content-type":
      return { ...answer, headers: { ...answer.headers, "content-type": action.contentType } };
    case "malformed-json":
      return { ...answer, body: halfOf(answer.body) };
    case "drip":
    case "duplicate":
      return "go-on";
  }
}

/** The status that a client sees when an action strikes an answer; null: none. */
export function struckStatus(action: FaultAction, answer: Answer): number | null {
  switch (action.kind) {
    case "drop":
    case "reset":
      return null;
    case "status":
    case "html":
    case "answer":
      return action.status;
    case "stall":
    case "drip":
    case "content-type":
    case "malformed-json":
    case "duplicate":
      return answer.status;
  }
}

/** Sends an answer, or what takes its place. */
export function deliver({ request, reply }: Wire, answer: Instead): FastifyReply {
  if (typeof answer !== "string")
    return reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .send(answer.body);
  reply.hijack();
  endConnection(request, answer);
  return reply;
}

/** Sends status, headers and half of the body; then the action strikes. */
export async function deliverBroken(
  wire: Wire,
  broken: { readonly answer: Answer; readonly action: FaultAction; readonly closing: AbortSignal },
): Promise<FastifyReply> {
  const { answer, action, closing } = broken;
  if (action.kind === "malformed-json") return deliver(wire, { ...answer, body: halfOf(answer.body) });
  const { request, reply } = wire;
  const whole = begin(reply, answer);
  if (action.kind === "drip") return drip(reply, whole, { ...action, closing });
  const middle = Math.floor(whole.length / 2);
  await write(reply, whole.subarray(0, middle));
  if (action.kind === "stall") {
    await waitRealMs(action.ms, closing);
    reply.raw.end(whole.subarray(middle));
  } else endConnection(request, action.kind === "reset" ? "reset" : "drop");
  return reply;
}

/** Sends the whole answer and ends the connection that its client means to keep. */
export async function deliverAndEnd(wire: Wire, answer: Answer, how: FaultAction["kind"]): Promise<FastifyReply> {
  const whole = begin(wire.reply, answer);
  await new Promise<void>((resolve) => wire.reply.raw.end(whole, () => resolve()));
  endConnection(wire.request, how === "reset" ? "reset" : "drop");
  return wire.reply;
}

function limitHeaders(action: Extract<FaultAction, { readonly kind: "status" }>): Readonly<Record<string, string>> {
  const retryAfter = action.retryAfterSeconds === undefined ? {} : { "retry-after": String(action.retryAfterSeconds) };
  return action.status === 429 ? { "x-rate-limit-problem": "minute", ...retryAfter } : retryAfter;
}

const halfOf = (body: string): string => body.slice(0, Math.floor(body.length / 2));

function begin(reply: FastifyReply, answer: Answer): Buffer {
  const whole = Buffer.from(answer.body);
  reply.hijack();
  reply.raw.writeHead(answer.status, { ...answer.headers, "content-length": whole.length });
  reply.raw.flushHeaders();
  return whole;
}

const write = (reply: FastifyReply, piece: Buffer): Promise<void> =>
  new Promise((resolve) => reply.raw.write(piece, () => resolve()));

async function drip(
  reply: FastifyReply,
  whole: Buffer,
  pace: { readonly chunkBytes: number; readonly everyMs: number; readonly closing: AbortSignal },
): Promise<FastifyReply> {
  for (let from = 0; from < whole.length && !reply.raw.destroyed; from += pace.chunkBytes) {
    await write(reply, whole.subarray(from, from + pace.chunkBytes));
    if (pace.closing.aborted) break;
    await waitRealMs(pace.everyMs, pace.closing);
  }
  reply.raw.end();
  return reply;
}

function endConnection(request: FastifyRequest, how: "drop" | "reset"): void {
  const { socket } = request.raw;
  if (how === "reset") socket.resetAndDestroy();
  else socket.destroy();
}
