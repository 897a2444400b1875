import { UsageError } from "./command-failure.ts";
import type { Terminal } from "./command-world.ts";

const INPUT_BYTES_MAX = 65_536;

/** The terminal, pipes or files that this process was given. */
export function nodeTerminal(): Terminal {
  return {
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    readInput,
    confirm: async (question) => {
      const { confirm, isCancel } = await import("@clack/prompts");
      const answer = await confirm({ message: question });
      return isCancel(answer) ? null : answer;
    },
    ask: async (question) => {
      const { isCancel, text } = await import("@clack/prompts");
      const answer = await text({ message: question });
      return isCancel(answer) ? null : answer;
    },
    askSecret: async (question) => {
      const { isCancel, password } = await import("@clack/prompts");
      const answer = await password({ message: question });
      return isCancel(answer) ? null : answer;
    },
  };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > INPUT_BYTES_MAX) throw new UsageError("Standard input is too long: a client secret was expected.");
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}
