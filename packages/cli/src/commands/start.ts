import { join } from "node:path";
import { createRequestLog } from "@evergrant/server";
import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { type OperatorKeyPlace, type StartedNode, startNode } from "../start-node.ts";
import { parsePort } from "./whole-number.ts";

interface Options {
  readonly port: number;
  readonly host?: string;
  readonly publicUrl?: string;
  readonly adminPort?: number;
  readonly followClock?: string;
}

/** `evergrant start`: a node, until it is told to stop. */
export function addStart(program: Command, world: CommandWorld): void {
  program
    .command("start")
    .description("start Evergrant and run until Ctrl-C")
    .option("--port <port>", "where it listens; 0 picks a free port", parsePort, 4180)
    .option("--host <address>", "the address to listen on (default: 127.0.0.1, this machine alone)")
    .option("--public-url <url>", "where browsers and callers reach it; required with --host off this machine")
    .option(
      "--admin-port <port>",
      "where the admin API listens on 127.0.0.1 beside a public URL (default: 4182)",
      parsePort,
    )
    .option("--follow-clock <url>", "follow the clock of a sandbox: its control URL")
    .action(async (options: Options, command: Command) => {
      const session = openSession(world, command);
      const stopped = world.untilStopped();
      const { folder } = session;
      const node = await startNode({
        ...options,
        folder,
        log: createRequestLog({ destination: { write: (line) => world.terminal.err(line.trimEnd()) } }),
        terminal: session.interactive ? { show: (text) => world.terminal.out(text) } : false,
      });
      const { url, adminUrl, operatorKey } = node;
      session.print({
        json: { url, adminUrl, folder, operatorKey },
        text: startedText(node, folder),
      });
      await stopped;
      await node.close();
    });
}

function startedText({ url, adminUrl, operatorKey }: StartedNode, folder: string): string {
  return [
    `Evergrant listens at ${url}`,
    ...(adminUrl === url ? [] : [`Admin API at ${adminUrl}`]),
    operatorKeyText(operatorKey, folder),
    `Everything is kept in ${folder}. Ctrl-C ends it.`,
  ].join("\n");
}

function operatorKeyText(place: OperatorKeyPlace, folder: string): string {
  switch (place.kind) {
    case "shown":
      return "The operator key was shown above; it is kept here only as a hash.";
    case "written":
      return `The operator key is in ${place.file} (readable by you alone).`;
    case "made-before":
      return `The operator key is the one made at the first start (shown on that terminal, or in ${join(folder, "operator-key")}).`;
  }
}
