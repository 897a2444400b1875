import type { FastifyReply, FastifyRequest } from "fastify";
import type { Turn } from "../engine/index.ts";
import { type Fault, type FaultSubject, nobodys, type Whose } from "../faults.ts";
import type { JournalEntry } from "../request-journal.ts";
import type { World } from "../world.ts";
import type { Answer } from "./answer.ts";
import { deliver, deliverAndEnd, deliverBroken, strike, struckStatus, type Wire } from "./strike.ts";

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
  /** Whose token, code or login it is about; nobody's if not given. */
  readonly whose?: (turn: Turn) => Whose;
  work(): Promise<Done> | Done;
}

type Outcome = Omit<Done, "answer">;

const notExecuted: Outcome = { outcome: "not-executed", committed: false };

/** Carries an exchange out, lets the placed fault hit it at its point, journals it and answers. */
export async function carryOut(world: World, wire: Wire, exchange: Exchange): Promise<FastifyReply> {
  const fault = world.faults.take(subjectOf(world, wire.request, exchange));
  const atMs = world.clock.nowMs();
  // Noted before the answer is on its way: whoever has the answer finds the entry.
  const note = (done: Outcome, status: number | null) =>
    world.journal.add(entryOf(wire.request, exchange, { ...done, atMs, status, fault }));
  if (fault?.point === "before-commit") {
    const { action } = fault;
    const instead = await strike(action, emptyResult, world.closing);
    if (instead !== "go-on") {
      note(notExecuted, struckStatus(action, emptyResult));
      return deliver(wire, instead);
    }
    if (action.kind === "duplicate") {
      const first = await exchange.work();
      note(first, first.answer.status);
    }
  }
  const done = await exchange.work();
  if (fault === null || fault.point === "before-commit") {
    note(done, done.answer.status);
    return deliver(wire, done.answer);
  }
  return deliverStruck(world, wire, { done, fault, note });
}

async function deliverStruck(
  world: World,
  wire: Wire,
  struck: { readonly done: Done; readonly fault: Fault; note(done: Outcome, status: number | null): void },
): Promise<FastifyReply> {
  const { done, fault, note } = struck;
  const { answer } = done;
  const { action, point } = fault;
  switch (point) {
    case "before-commit":
    case "after-commit-before-headers": {
      note(done, struckStatus(action, answer));
      const instead = await strike(action, answer, world.closing);
      return deliver(wire, instead === "go-on" ? answer : instead);
    }
    case "mid-body":
      note(done, answer.status);
      return deliverBroken(wire, { answer, action, closing: world.closing });
    case "after-response":
      note(done, answer.status);
      return deliverAndEnd(wire, answer, action.kind);
  }
}

/** What a broken body is half of when nothing was carried out. */
const emptyResult: Answer = {
  status: 200,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: '{"result":"none"}',
};

const pathOf = (request: FastifyRequest): string => (request.url.split("?")[0] ?? "").slice(0, 200);

function subjectOf(world: World, request: FastifyRequest, exchange: Exchange): FaultSubject {
  const { endpoint, grantType, clientId, whose = () => nobodys } = exchange;
  return {
    endpoint,
    grantType,
    clientId,
    method: request.method,
    path: pathOf(request),
    whose: () => world.engine.run(world.clock.nowMs(), whose),
  };
}

function entryOf(
  request: FastifyRequest,
  exchange: Exchange,
  facts: Outcome & { readonly atMs: number; readonly status: number | null; readonly fault: Fault | null },
): Omit<JournalEntry, "id"> {
  const { atMs, status, fault, outcome, committed, token } = facts;
  return {
    atMs,
    endpoint: exchange.endpoint,
    method: request.method,
    path: pathOf(request),
    grantType: exchange.grantType?.slice(0, 100) ?? null,
    clientId: exchange.clientId?.slice(0, 100) ?? null,
    outcome,
    status,
    token: token ?? null,
    committed,
    fault: fault === null ? null : { id: fault.id, point: fault.point, action: fault.action.kind },
  };
}
