import type { FastifyReply, FastifyRequest } from "fastify";
import type { Fault } from "../faults.ts";
import { waitRealMs } from "../real-time.ts";
import type { JournalEntry } from "../request-journal.ts";
import type { World } from "../world.ts";
import { type Answer, emptyAnswer } from "./answer.ts";

/** What came of a request, for the journal. */
export interface Done {
  readonly answer: Answer;
  readonly outcome: string;
  readonly committed: boolean;
  readonly token?: JournalEntry["token"];
}

/** One request to a journaled endpoint. `work` commits to the ledger and only then has an answer. */
export interface Exchange {
  readonly endpoint: string;
  readonly grantType: string | null;
  readonly clientId: string | null;
  work(): Promise<Done> | Done;
}

/** Carries an exchange out, lets the placed fault hit it at its point, journals it and answers. */
export async function carryOut(
  world: World,
  wire: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  exchange: Exchange,
): Promise<FastifyReply> {
  const fault = world.faults.take(exchange);
  const atMs = world.clock.nowMs();
  const note = (done: Omit<Done, "answer">, status: number | null) =>
    world.journal.add(entryOf(wire.request, exchange, { ...done, atMs, status, fault }));
  if (fault?.point === "before-commit") {
    const instead = await strike(world, fault, undefinedAnswer);
    if (instead !== "go-on") {
      note({ outcome: "not-executed", committed: false }, statusOf(instead));
      return deliver(wire, instead);
    }
  }
  const done = await exchange.work();
  // Noted before the answer is on its way: whoever has the answer finds the entry.
  if (fault?.point === "after-commit-before-headers") {
    note(
      done,
      fault.action.kind === "drop"
        ? null
        : fault.action.kind === "stall"
          ? done.answer.status
          : statusOfAction(fault, done.answer),
    );
    const instead = await strike(world, fault, done.answer);
    return deliver(wire, instead === "go-on" ? done.answer : instead);
  }
  note(done, done.answer.status);
  if (fault?.point === "mid-body") return deliverBroken(world, wire, { answer: done.answer, fault });
  return deliver(wire, done.answer);
}

type Instead = Answer | "drop";

const undefinedAnswer: Answer = {
  status: 200,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: '{"result":"none"}',
};
const statusOf = (instead: Instead): number | null => (instead === "drop" ? null : instead.status);
const statusOfAction = (fault: Fault, answer: Answer): number =>
  "status" in fault.action ? fault.action.status : answer.status;

async function strike(world: World, fault: Fault, answer: Answer): Promise<Instead | "go-on"> {
  const { action } = fault;
  switch (action.kind) {
    case "drop":
      return "drop";
    case "stall":
      await waitRealMs(action.ms, world.closing);
      return "go-on";
    case "html":
      return {
        status: action.status,
        headers: { "content-type": "text/html" },
        body: `<html><head><title>${action.status}</title></head><body><h1>${action.status} Gateway error</h1></body></html>`,
      };
    case "status": {
      const retryAfter =
        action.retryAfterSeconds === undefined ? {} : { "retry-after": String(action.retryAfterSeconds) };
      return emptyAnswer(
        action.status,
        action.status === 429 ? { "x-rate-limit-problem": "minute", ...retryAfter } : retryAfter,
      );
    }
    case "malformed-json":
      return { ...answer, body: halfOf(answer.body) };
  }
}

const halfOf = (body: string): string => body.slice(0, Math.floor(body.length / 2));

type Wire = { readonly request: FastifyRequest; readonly reply: FastifyReply };

function deliver({ request, reply }: Wire, answer: Instead): FastifyReply {
  if (answer !== "drop")
    return reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .send(answer.body);
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

async function deliverBroken(
  world: World,
  { request, reply }: Wire,
  broken: { readonly answer: Answer; readonly fault: Fault },
): Promise<FastifyReply> {
  const { answer, fault } = broken;
  if (fault.action.kind === "malformed-json")
    return deliver({ request, reply }, { ...answer, body: halfOf(answer.body) });
  const whole = Buffer.from(answer.body);
  const middle = Math.floor(whole.length / 2);
  reply.hijack();
  reply.raw.writeHead(answer.status, { ...answer.headers, "content-length": whole.length });
  await new Promise<void>((resolve) => reply.raw.write(whole.subarray(0, middle), () => resolve()));
  if (fault.action.kind === "stall") {
    await waitRealMs(fault.action.ms, world.closing);
    reply.raw.end(whole.subarray(middle));
  } else request.raw.socket.destroy();
  return reply;
}

function entryOf(
  request: FastifyRequest,
  exchange: Exchange,
  facts: Omit<Done, "answer"> & { readonly atMs: number; readonly status: number | null; readonly fault: Fault | null },
): Omit<JournalEntry, "id"> {
  const { atMs, status, fault, outcome, committed, token } = facts;
  return {
    atMs,
    endpoint: exchange.endpoint,
    method: request.method,
    path: (request.url.split("?")[0] ?? "").slice(0, 200),
    grantType: exchange.grantType?.slice(0, 100) ?? null,
    clientId: exchange.clientId?.slice(0, 100) ?? null,
    outcome,
    status,
    token: token ?? null,
    committed,
    fault: fault === null ? null : { id: fault.id, point: fault.point, action: fault.action.kind },
  };
}
