import { CommanderError } from "commander";
import { type ExitCode, tellFailure } from "./command-failure.ts";
import type { CommandWorld } from "./command-world.ts";
import { createProgram } from "./program.ts";

/** Runs one command line to its end. Refusals are told on standard error, as one sentence or, with `--json`, one value. */
export async function runEvergrant(args: readonly string[], world: CommandWorld): Promise<ExitCode> {
  try {
    await createProgram(world).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const { exitCode, text, json } = tellFailure(error);
    if (!isTold(error)) world.terminal.err(args.includes("--json") ? JSON.stringify(json, null, 2) : text);
    return exitCode;
  }
}

// Help and version have been printed; what is thrown with them only ends the run.
function isTold(error: unknown): boolean {
  return error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help");
}
