import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { parsePort } from "./whole-number.ts";

interface Options {
  readonly port?: number;
  readonly sandboxPort?: number;
  readonly provider?: string;
  readonly providers?: string;
}

/** `evergrant demo`: everything for a first try. */
export function addDemo(program: Command, world: CommandWorld): void {
  program
    .command("demo")
    .description("start the sandbox and Evergrant with one connection to try, until Ctrl-C")
    .option("--port <port>", "where Evergrant listens; 0 picks a free port (default: 4180)", parsePort)
    .option("--sandbox-port <port>", "where the sandbox listens; 0 picks a free port (default: 4181)", parsePort)
    .option("--provider <name>", "speak to this real provider instead of the sandbox")
    .option("--providers <path>", "providers of your own: a JSON file, or a folder of them")
    .action(async (options: Options, command: Command) => {
      // Loaded when it is wanted: commands that only talk to a running node start sooner without it.
      const { runDemo } = await import("../demo/run-demo.ts");
      const folderGiven = command.getOptionValueSourceWithGlobals("folder") === "cli";
      await runDemo(openSession(world, command), { ...options, folderGiven });
    });
}
