import { realTime } from "@evergrant/keeper";
import type { CommandWorld } from "../command-world.ts";
import { runEvergrant } from "../run-evergrant.ts";

/** What a person at the terminal, or a pipe, gives a command. */
export interface Given {
  readonly interactive?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Answers to questions, in order; null cancels. */
  readonly answers?: readonly (boolean | string | null)[];
}

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly questions: readonly string[];
}

/** Runs a command line as the process would, with a recorded terminal. */
export async function run(args: readonly string[], given: Given = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const questions: string[] = [];
  const answers = [...(given.answers ?? [])];
  const answer = (question: string) => {
    questions.push(question);
    if (answers.length === 0) throw new Error(`nobody answers: ${question}`);
    return answers.shift() ?? null;
  };
  const asText = async (question: string) => {
    const given = answer(question);
    return given === null ? null : String(given);
  };
  const world: CommandWorld = {
    terminal: {
      interactive: given.interactive ?? false,
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      readInput: async () => given.input ?? "",
      confirm: async (question) => {
        const given = answer(question);
        return given === null ? null : given === true;
      },
      ask: asText,
      askSecret: asText,
    },
    env: given.env ?? {},
    time: realTime(),
    untilStopped: () => Promise.resolve(),
  };
  const exitCode = await runEvergrant(args, world);
  return { exitCode, out: out.join("\n"), err: err.join("\n"), questions };
}
