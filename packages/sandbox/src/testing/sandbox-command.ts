import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const entry = join(import.meta.dirname, "../command/sandbox.ts");

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The command `sandbox` as a process, from source, with its output. */
export class SandboxCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = "";
  #err = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [entry, ...args], {
      env: { ...process.env, NODE_OPTIONS: "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (piece: Buffer) => {
      this.#out += piece.toString();
    });
    this.child.stderr?.on("data", (piece: Buffer) => {
      this.#err += piece.toString();
    });
    this.ended = new Promise((resolve) =>
      this.child.once("close", (status, signal) => resolve({ status, signal, out: this.#out, err: this.#err })),
    );
  }

  /** What it has said so far once that matches. */
  said(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (pattern.test(this.#out)) resolve(this.#out);
      };
      look();
      this.child.stdout?.on("data", look);
      void this.ended.then(({ err }) => reject(new Error(`it ended without saying ${pattern}: ${err}`)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It passes the wish on to a program that it runs.
    this.child.kill("SIGTERM");
    await this.ended;
  }
}

/** Runs a command line to its end. */
export const runSandboxCommand = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> =>
  new SandboxCommand(args, env).ended;
