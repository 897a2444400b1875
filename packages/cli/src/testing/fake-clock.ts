import { createServer, type ServerResponse } from "node:http";
import type { FollowerReport } from "../clock-stream.ts";

/** A real HTTP server that owns a clock, as a sandbox does. */
export interface FakeClock extends AsyncDisposable {
  readonly controlUrl: string;
  readonly reports: readonly (FollowerReport & { readonly follower: string })[];
  /** How many streams were opened so far. */
  opened(): number;
  /** Tells all followers a new offset; the number of the step. */
  step(offsetMs: number): number;
  /** Writes raw text into the open streams. */
  say(text: string): void;
  /** Ends all streams, as a sandbox that goes away. */
  hangUp(): void;
  /** Resolves once a report is there that the condition holds for. */
  reported(condition: (report: FollowerReport) => boolean): Promise<FollowerReport>;
}

export async function fakeClock(startOffsetMs: number): Promise<FakeClock> {
  const streams = new Set<ServerResponse>();
  const reports: (FollowerReport & { readonly follower: string })[] = [];
  const waiting = new Set<() => void>();
  let offsetMs = startOffsetMs;
  let step = 1;
  let opened = 0;
  const tell = (line: object, to: Iterable<ServerResponse> = streams) => {
    for (const stream of to) stream.write(`${JSON.stringify(line)}\n`);
  };
  const server = createServer(async (request, response) => {
    if (request.url === "/control/clock/follow") {
      opened += 1;
      streams.add(response);
      response.on("close", () => streams.delete(response));
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      return tell({ type: "welcome", followerId: `follower-${opened}`, offsetMs, id: step }, [response]);
    }
    let text = "";
    for await (const chunk of request) text += String(chunk);
    reports.push({ ...JSON.parse(text), follower: request.url?.split("/").at(-1) ?? "" });
    response.end("{}");
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    controlUrl: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/control`,
    reports,
    opened: () => opened,
    step: (nextMs) => {
      offsetMs = nextMs;
      step += 1;
      tell({ type: "clock", offsetMs, id: step });
      return step;
    },
    say: (text) => {
      for (const stream of streams) stream.write(text);
    },
    hangUp: () => {
      for (const stream of streams) stream.destroy();
    },
    reported: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          const found = reports.findLast(condition);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
