import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { SandboxError } from "../errors.ts";
import { ProgramNotStarted } from "../exec/run-program.ts";
import { addAdvance, addLoseNextRefresh } from "./control-commands.ts";
import { addExec } from "./exec-command.ts";
import { addStart } from "./start-command.ts";

/** Runs one command line. A refusal is one sentence on standard error that begins with its code; nothing else is thrown. */
export async function runSandbox(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = tell(error, args[0] === "exec");
  }
}

/**
 * Says what was refused. 2: the command line was wrong, 1: refused. A program that exec runs may end with these itself: our own
 * failures are 125 there, and 127 and 126 what shells know for a program that is not there or cannot be run.
 */
function tell(error: unknown, ofExec: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ofExec ? 125 : 2;
  if (!(error instanceof SandboxError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  if (error instanceof ProgramNotStarted) return error.exitStatus;
  return ofExec ? 125 : 1;
}

function createProgram(): Command {
  const program = new Command("sandbox")
    .description(
      "Xero's identity server, login pages and API on this machine, with a clock to move and faults to place.",
    )
    .version(ownVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, "command_line_invalid:")) });
  for (const add of [addStart, addExec, addAdvance, addLoseNextRefresh]) add(program);
  return program;
}

function ownVersion(): string {
  const manifest: { readonly version?: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version ?? "unknown";
}
