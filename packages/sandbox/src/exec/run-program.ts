import { spawn } from "node:child_process";
import { constants } from "node:os";
import { SandboxError } from "../errors.ts";
import type { Environment } from "./program-environment.ts";

/** How a program ended. */
export type ProgramEnd =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: NodeJS.Signals };

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const;
// At a terminal these reach the program by themselves; a second one would be the wish to end it at once.
const FROM_TERMINAL: readonly string[] = ["SIGINT", "SIGQUIT"];

/** Runs a program with our input, output and signals until it ends. Throws `program_not_started`. */
export function runProgram(command: readonly string[], env: Environment): Promise<ProgramEnd> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: "inherit" });
    const passOn = (signal: NodeJS.Signals) => {
      if (!(process.stdin.isTTY && FROM_TERMINAL.includes(signal))) child.kill(signal);
    };
    for (const signal of PASSED_ON) process.on(signal, passOn);
    const release = () => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
    };
    child.once("error", (cause: NodeJS.ErrnoException) => {
      release();
      reject(new ProgramNotStarted(program, cause));
    });
    child.once("exit", (code, signal) => {
      release();
      resolve(signal === null ? { kind: "code", code: code ?? 1 } : { kind: "signal", signal });
    });
  });
}

/** `program_not_started`, with the exit status that shells know for it: 127 where there is no such program, else 126. */
export class ProgramNotStarted extends SandboxError {
  readonly exitStatus: number;

  constructor(program: string, cause: NodeJS.ErrnoException) {
    super("program_not_started", whyNot(program, cause.code), { cause });
    this.exitStatus = cause.code === "ENOENT" ? 127 : 126;
  }
}

function whyNot(program: string, code: string | undefined): string {
  if (code === "ENOENT") return `There is no program ${program}. Check its name and PATH.`;
  if (code === "EACCES") return `${program} may not be executed. Check its permissions.`;
  return `${program} could not be started (${code ?? "unknown reason"}).`;
}

/** The exit status by which shells know the same end. */
export const exitStatus = (end: ProgramEnd): number =>
  end.kind === "code" ? end.code : 128 + constants.signals[end.signal];
