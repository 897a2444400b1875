import type { Command } from "commander";
import { createSandbox } from "../create-sandbox.ts";
import { findFaketime } from "../exec/faketime.ts";
import { type LeadRemark, leadPrograms } from "../exec/lead-programs.ts";
import { isNodeProgram } from "../exec/node-programs.ts";
import { exitStatus, type ProgramEnd, runProgram } from "../exec/run-program.ts";
import { addSandboxOptions, clockMove, type StartOptions, sandboxOptions } from "./sandbox-options.ts";

interface Options extends StartOptions {
  readonly url?: string;
  readonly allowOthers?: boolean;
  readonly faketime?: string | false;
  readonly quiet?: boolean;
}

/** `sandbox exec -- PROGRAM`: a program of somebody else, unmodified, whose Xero is a sandbox. */
export function addExec(program: Command): void {
  const command = program
    .command("exec")
    .usage("[options] -- <program> [arguments...]")
    .description(
      "run any program with Xero's hosts leading to a sandbox, on the sandbox's clock; ends as the program ends",
    )
    .argument("<program...>", "the program and its arguments")
    .passThroughOptions()
    .option("--url <url>", "a sandbox that runs already (default: one of its own, for as long as the program runs)")
    .option("--allow-others", "let the program reach other machines too")
    .option("--faketime <library>", "libfaketime, for programs that are not Node (default: looked for)")
    .option("--no-faketime", "leave the clock of programs that are not Node")
    .option("--quiet", "say nothing of its own");
  addSandboxOptions(command, 0).action((words: readonly string[], options: Options) => exec(words, options));
}

async function exec(words: readonly string[], options: Options): Promise<void> {
  const { quiet = false } = options;
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`sandbox exec: ${text}\n`);
  };
  const end = await runLed(words, options, say);
  // Whoever started us learns the same as if he had started the program.
  if (end.kind === "signal") process.kill(process.pid, end.signal);
  process.exitCode = exitStatus(end);
}

async function runLed(words: readonly string[], options: Options, say: (text: string) => void): Promise<ProgramEnd> {
  const { url, allowOthers = false, faketime: wished, quiet: _quiet, ...given } = options;
  await using sandbox = url === undefined ? await createSandbox(sandboxOptions(given)) : null;
  if (sandbox !== null && given.clock !== undefined) await sandbox.control.advance(clockMove(given.clock));
  const faketime = wished === undefined ? findFaketime(process.platform) : wished === false ? null : wished;
  const note = remarks(say, {
    clockStays: faketime === null && !isNodeProgram(words[0] ?? "", process.env["PATH"] ?? ""),
  });
  const led = await leadPrograms({
    url: url ?? sandbox?.urls.identity ?? "",
    env: process.env,
    allowOthers,
    faketime,
    note,
  });
  try {
    say(`Xero is at ${led.env["EVERGRANT_SANDBOX_URL"]}, its page at ${led.env["EVERGRANT_SANDBOX_CONTROL"]}`);
    return await runProgram(words, led.env);
  } finally {
    await led.close();
  }
}

/** Says each thing once. */
function remarks(
  say: (text: string) => void,
  { clockStays }: { readonly clockStays: boolean },
): (remark: LeadRemark) => void {
  const said = new Set<string>();
  const once = (text: string): void => {
    if (!said.has(text)) say(text);
    said.add(text);
  };
  return (remark) => {
    switch (remark.kind) {
      case "host-refused":
        return once(`host_refused: ${remark.host} is no host of Xero's. Add --allow-others to let it through.`);
      case "sandbox-gone":
        return once("The sandbox is gone.");
      case "clock-moved":
        if (clockStays)
          once(
            "The clock moved, but without libfaketime only Node programs see it. Install it (Debian: apt install faketime).",
          );
    }
  };
}
