import { Agent, get, request } from "node:http";
import { SandboxError } from "../errors.ts";
import type { ClockLine, FollowerReport } from "../followers.ts";

/** The clock of a running sandbox, followed over its control API. */
export interface FollowedClock {
  report(report: FollowerReport): void;
  close(): void;
}

export interface ClockListener {
  /** Each step, the present one first. */
  onStep(line: { readonly step: number; readonly offsetMs: number }): void;
  /** The sandbox is gone. */
  onEnd(): void;
}

/** Opens the stream and waits for its first step. Throws `sandbox_unreachable`. */
export function followSandboxClock(controlUrl: string, listener: ClockListener): Promise<FollowedClock> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let followerId: string | null = null;
  let closed = false;
  return new Promise((resolve, reject) => {
    const unreachable = (cause?: unknown) =>
      reject(
        new SandboxError(
          "sandbox_unreachable",
          `No sandbox answers at ${controlUrl}. Start one with "sandbox start", and give its address with --url.`,
          { cause },
        ),
      );
    const stream = get(`${controlUrl}/clock/follow`, { agent: false }, (answer) => {
      if (answer.statusCode !== 200 || !/ndjson/.test(answer.headers["content-type"] ?? "")) {
        stream.destroy();
        return unreachable();
      }
      let rest = "";
      answer.setEncoding("utf8");
      answer.on("error", () => {});
      answer.on("close", () => {
        if (!closed) listener.onEnd();
      });
      answer.on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) hear(JSON.parse(line));
      });
    });
    stream.on("error", unreachable);
    const clock: FollowedClock = {
      report(report) {
        if (followerId !== null) post(agent, `${controlUrl}/clock/followers/${followerId}`, report);
      },
      close() {
        closed = true;
        stream.destroy();
        agent.destroy();
      },
    };
    function hear(line: ClockLine): void {
      if (line.type === "welcome") followerId = line.followerId;
      listener.onStep({ step: line.id, offsetMs: line.offsetMs });
      resolve(clock);
    }
  });
}

// One connection, so that an older report never arrives after a newer one. One that is lost is followed by the stream's end.
function post(agent: Agent, url: string, report: FollowerReport): void {
  const body = JSON.stringify(report);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const asked = request(url, { method: "POST", agent, headers }, (answer) => answer.resume());
  asked.on("error", () => {});
  asked.end(body);
}
