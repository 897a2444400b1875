import { connect } from "node:net";
import { machine } from "../real-time.ts";
import type { ClockOffset } from "./clock-offset.ts";
import type { ClockTimers } from "./clock-timers.ts";
import type { LedConnections } from "./lead-connections.ts";
import type { PreloadSettings } from "./preload-settings.ts";

export interface FollowerParts {
  readonly offset: ClockOffset;
  readonly timers: ClockTimers;
  readonly connections: LedConnections;
}

// A program counts as at rest when so many looks in a row, so far apart, found it at rest.
const QUIET_LOOKS = 3;
const LOOK_MS = 2;

// What Node counts as under way and what ends by itself: files, names, connections, work in its threads.
const UNDER_WAY = /^(FSReq|GetAddrInfo|QueryReq|TCPConnect|PipeConnect|Immediate|Zlib|.*Job$|.*Request$)/;

/**
 * Hears of each step of the sandbox's clock, lets the timers live through it, and says when the program is at rest again and what it
 * waits for next. None of this keeps the program alive.
 */
export function followClock(
  { clockPort, clockWord }: PreloadSettings,
  { offset, timers, connections }: FollowerParts,
): void {
  const socket = connect({ host: "127.0.0.1", port: clockPort });
  socket.unref();
  socket.on("error", () => socket.destroy());
  socket.setEncoding("utf8");
  const say = (line: object): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  say({ word: clockWord });
  let step = 0;
  let rest = "";
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    const last = lines.at(-1);
    if (last === undefined) return;
    step = Number(JSON.parse(last).step);
    offset.changed();
    timers.clockMoved();
    settle(step, QUIET_LOOKS);
  });
  timers.onChange(() => say({ step, nextDueMs: timers.nextStopMs() }));

  function settle(ofStep: number, looksLeft: number): void {
    // A later step has begun a settling of its own.
    if (ofStep !== step) return;
    if (looksLeft === 0) return void say({ step, idle: true, nextDueMs: timers.nextStopMs() });
    const busy = timers.hasDue() || connections.isAwaitingAnswer() || isUnderWay();
    machine.startTimer(() => settle(ofStep, busy ? QUIET_LOOKS : looksLeft - 1), LOOK_MS).unref();
  }
}

const isUnderWay = (): boolean => process.getActiveResourcesInfo().some((name) => UNDER_WAY.test(name));
