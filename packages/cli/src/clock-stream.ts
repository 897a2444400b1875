import { Agent, get, request } from "node:http";

/** What the owner of a clock says over its open stream: one JSON object per line. */
export type ClockLine =
  | { readonly type: "welcome"; readonly followerId: string; readonly offsetMs: number; readonly id: number }
  | { readonly type: "clock"; readonly offsetMs: number; readonly id: number };

/** What a follower answers: the step it is about, when it has something to do next, and whether it rests. */
export interface FollowerReport {
  readonly clockId: number;
  readonly nextDueMs: number | null;
  readonly idle: boolean;
}

export interface ClockStream {
  close(): void;
}

const LINE_CHARACTERS_MAX = 10_000;

/** Opens the stream of a clock. `onEnd` is called once, however it ends. No time-out: a clock that stands still says nothing. */
export function openClockStream(
  url: string,
  heard: { readonly onLine: (line: ClockLine) => void; readonly onEnd: () => void },
): ClockStream {
  let ended = false;
  const asked = get(url, { agent: false, headers: { accept: "application/x-ndjson" } });
  const end = () => {
    if (ended) return;
    ended = true;
    asked.destroy();
    heard.onEnd();
  };
  asked.on("error", end);
  asked.on("close", end);
  asked.on("response", (response) => {
    if (response.statusCode !== 200) return end();
    let rest = "";
    response.setEncoding("utf8");
    response.on("error", end);
    response.on("close", end);
    response.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARACTERS_MAX) return end();
      for (const line of lines) {
        const parsed = parseClockLine(line);
        if (parsed !== null && !ended) heard.onLine(parsed);
      }
    });
  });
  return { close: end };
}

/** A line as the protocol has it; null for anything else, which is passed over. */
export function parseClockLine(text: string): ClockLine | null {
  const line = parseObject(text);
  const { type, offsetMs, id, followerId } = line;
  if (typeof offsetMs !== "number" || !Number.isFinite(offsetMs) || offsetMs < 0) return null;
  if (typeof id !== "number" || !Number.isInteger(id)) return null;
  if (type === "clock") return { type, offsetMs, id };
  if (type === "welcome" && typeof followerId === "string" && /^[\w-]{1,100}$/.test(followerId))
    return { type, followerId, offsetMs, id };
  return null;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const reports = new Agent({ keepAlive: true, maxSockets: 2 });
const REPORT_TIMEOUT_MS = 5_000;

/** Sends one report; never throws. `unknown`: the owner of the clock does not know this follower (any more). */
export function sendReport(url: string, report: FollowerReport): Promise<"taken" | "unknown" | "lost"> {
  return new Promise((resolve) => {
    const body = JSON.stringify(report);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asked = request(url, { method: "POST", agent: reports, headers, timeout: REPORT_TIMEOUT_MS });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve("lost"));
    asked.on("response", (response) => {
      response.resume();
      response.on("error", () => resolve("lost"));
      response.on("end", () => resolve(response.statusCode === 404 ? "unknown" : "taken"));
    });
    asked.end(body);
  });
}
