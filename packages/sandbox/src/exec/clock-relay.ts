import { createServer, type Socket } from "node:net";
import { randomHex, realTime } from "../real-time.ts";
import type { Timer } from "../time.ts";
import { type LocalServer, listenLocally } from "./local-server.ts";

/** Where the programs of one `sandbox exec` hear of the clock and say when they are at rest. */
export interface ClockRelay extends LocalServer {
  /** What a program has to say first. */
  readonly word: string;
  /** Tells all of a step; `report` is called with what they say, at once if there are none. */
  step(step: number): void;
}

export interface RelayReport {
  readonly step: number;
  readonly idle: boolean;
  readonly nextDueMs: number | null;
}

interface Seat {
  readonly restingStep: number;
  readonly nextDueMs: number | null;
  /** It did not come to rest in time: nobody waits for it until it says something. */
  readonly givenUp: boolean;
}

// A program that is busy for longer (it waits for a stalled answer, or is blocked) does not hold up the clock.
const PATIENCE_MS = 2000;
const LINE_CHARACTERS_MAX = 1000;

/** Opens the relay. */
export async function startClockRelay(report: (report: RelayReport) => void): Promise<ClockRelay> {
  const word = randomHex(16);
  const seats = new Map<Socket, Seat>();
  let step = 0;
  let patience: Timer | null = null;
  const tell = (): void => {
    const all = [...seats.values()];
    const due = all.flatMap(({ nextDueMs }) => (nextDueMs === null ? [] : [nextDueMs]));
    const idle = all.every(({ restingStep, givenUp }) => givenUp || restingStep >= step);
    report({ step, idle, nextDueMs: due.length === 0 ? null : Math.min(...due) });
  };
  const server = createServer((socket) => {
    let seated = false;
    const leave = () => {
      if (seats.delete(socket)) tell();
    };
    socket.on("error", () => socket.destroy());
    socket.on("close", leave);
    onLines(socket, (line) => {
      if (!seated) {
        if (line["word"] !== word) return void socket.destroy();
        seated = true;
        // It began at the present time, so it is at rest in the present step.
        seats.set(socket, { restingStep: step, nextDueMs: null, givenUp: false });
        return;
      }
      const seat = seats.get(socket);
      if (seat === undefined) return;
      const nextDueMs = typeof line["nextDueMs"] === "number" ? line["nextDueMs"] : null;
      const restingStep = line["idle"] === true ? Number(line["step"]) : seat.restingStep;
      seats.set(socket, { restingStep, nextDueMs, givenUp: false });
      tell();
    });
  });
  const local = await listenLocally(server);
  return {
    port: local.port,
    word,
    step(next) {
      step = next;
      patience?.cancel();
      patience = realTime.setTimer(PATIENCE_MS, () => {
        for (const [socket, seat] of seats)
          seats.set(socket, { ...seat, givenUp: seat.givenUp || seat.restingStep < step });
        tell();
      });
      for (const socket of seats.keys()) socket.write(`${JSON.stringify({ step })}\n`);
      tell();
    },
    async close() {
      patience?.cancel();
      await local.close();
    },
  };
}

function onLines(socket: Socket, hear: (line: Readonly<Record<string, unknown>>) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX) socket.destroy();
    for (const line of lines) {
      try {
        hear(JSON.parse(line));
      } catch {
        socket.destroy();
      }
    }
  });
}
