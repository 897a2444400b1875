import type { Time } from "@evergrant/keeper";

/** Everything a command touches besides the network and its folder. */
export interface CommandWorld {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The machine's own clock: commands wait and count in real time. */
  readonly time: Time;
  /** Resolves when the process is asked to end (SIGINT, SIGTERM). From its first call on, a second request ends it at once. */
  untilStopped(): Promise<void>;
}

/** Where a command speaks and listens. */
export interface Terminal {
  /** Standard input and output are both terminals: somebody is there to be asked. */
  readonly interactive: boolean;
  /** Writes a text and a line break to standard output: results. */
  out(text: string): void;
  /** The same to standard error: refusals and remarks. */
  err(text: string): void;
  /** All of standard input, within a limit. Throws a usage error beyond it. */
  readInput(): Promise<string>;
  /** Null when the question was cancelled. Only asked where `interactive` is true. */
  confirm(question: string): Promise<boolean | null>;
  ask(question: string): Promise<string | null>;
  askSecret(question: string): Promise<string | null>;
}
