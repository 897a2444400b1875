import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Limits } from "@evergrant/core";
import type { ProviderFile } from "@evergrant/keeper";
import type { OtherWay } from "./other-way.ts";
import type { ScaledPolicy } from "./scaled-policy.ts";

/** What a node process of a test is told; handed over as JSON in the environment. */
export interface NodeConfiguration {
  readonly folder: string;
  readonly port: number;
  /** A sandbox's control URL; null: real time. */
  readonly followClock: string | null;
  readonly policy: "default" | ScaledPolicy;
  /** A Postgres that it shares with other nodes, the key file they share, and the address that all answer for. */
  readonly shared: SharedConfiguration | null;
  /** The address of the mail server by which it tells people; left out: by none. */
  readonly smtp?: MailAddress | null;
  /** Its own way to a server that the others reach as well. */
  readonly way?: OtherWay;
  /** How much its wall clock is ahead of the machine's. */
  readonly aheadMs?: number;
  /** Files that describe providers besides the catalogue's; with the default policy alone. */
  readonly ownProviders?: readonly ProviderFile[];
}

/** How nodes reach a mail server: its address, and what else they are told of it. */
export interface MailAddress {
  readonly url: string;
  readonly password?: string;
  readonly ca?: string;
}

export interface SharedConfiguration {
  readonly dsn: string;
  readonly kekFile: string;
  readonly publicUrl: string | null;
  /** Limits that differ from those of the policy. */
  readonly limits?: Partial<Limits>;
}

/** Where the process kills itself: inside the nth passing of a named point. */
export interface KillPoint {
  readonly point: string;
  readonly subject: string;
  readonly nth?: number;
}

const kit = import.meta.dirname;
const START_LIMIT_MS = 60_000;

/** A real Evergrant process, started from source as a user's would be. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  readonly ended: Promise<number | string>;

  private constructor(
    child: ChildProcess,
    parts: { url: string; output: () => string; ended: Promise<number | string> },
  ) {
    this.#child = child;
    this.url = parts.url;
    this.output = parts.output;
    this.ended = parts.ended;
  }

  /** `launcher`: a command that becomes the process in the end, for a node that is to live somewhere of its own. */
  static async start(
    configuration: NodeConfiguration,
    kill?: KillPoint,
    launcher: readonly string[] = [],
  ): Promise<NodeProcess> {
    const preload = ["--import", join(kit, "kill-at-point.ts")];
    const node = [process.execPath, "--conditions=@evergrant/source", ...preload, join(kit, "node-entry.ts")];
    const [command = "", ...args] = [...launcher, ...node];
    const child = spawn(command, args, {
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        EVERGRANT_TEST_NODE: JSON.stringify(configuration),
        EVERGRANT_TEST_KILL: JSON.stringify(kill ?? null),
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let output = "";
    const ended = new Promise<number | string>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown")),
    );
    const ready = new Promise<string>((resolve) => {
      const collect = (chunk: Buffer) => {
        output += chunk.toString();
        const [, url] = /^ready (\S+)$/m.exec(output) ?? [];
        if (url !== undefined) resolve(url);
      };
      child.stdout?.on("data", collect);
      child.stderr?.on("data", collect);
    });
    const late = new Promise<never>((_resolve, reject) =>
      setTimeout(() => reject(new Error(`no start within ${START_LIMIT_MS} ms: ${output}`)), START_LIMIT_MS).unref(),
    );
    const url = await Promise.race([
      ready,
      late,
      ended.then((end) => Promise.reject(new Error(`ended with ${end} at start: ${output}`))),
    ]);
    return new NodeProcess(child, { url, output: () => output, ended });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** From now on it dies at this point. */
  async arm(kill: KillPoint): Promise<void> {
    await this.#tell(kill);
  }

  /** Its wall clock is set otherwise, by so much. */
  async leap(leapMs: number): Promise<void> {
    await this.#tell({ leapMs });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(): Promise<void> {
    if (this.alive) this.#child.kill("SIGTERM");
    await this.ended;
  }

  /** Frozen, as a virtual machine may be: it holds what it holds, and does nothing. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.alive) this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #tell(message: object): Promise<void> {
    const heard = new Promise((resolve) => this.#child.once("message", resolve));
    this.#child.send(message);
    await Promise.race([heard, this.ended]);
  }
}
