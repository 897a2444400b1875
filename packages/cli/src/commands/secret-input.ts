import { UsageError } from "../command-failure.ts";
import type { Session } from "../session.ts";

/** What is asked for, as people read it, and the flag that says that standard input brings it. */
interface SecretAsk {
  readonly what: string;
  readonly fromInput: boolean;
  readonly flag: string;
}

/** A client secret: from standard input where that was asked for, else from the person at the terminal. Never from the command line. */
export async function readClientSecret(session: Session, fromInput: boolean): Promise<string> {
  return await readSecretLine(session, { what: "client secret", fromInput, flag: "--client-secret-stdin" });
}

/** One line that is a secret, as `readClientSecret` reads it. */
export async function readSecretLine(session: Session, { what, fromInput, flag }: SecretAsk): Promise<string> {
  const { terminal } = session.world;
  if (fromInput) return checked(await terminal.readInput(), what);
  if (!session.interactive) throw new UsageError(`Give the ${what} over standard input, with ${flag}.`);
  const answer = await terminal.askSecret(`${what[0]?.toUpperCase()}${what.slice(1)}`);
  if (answer === null) throw new UsageError("Cancelled: nothing was changed.");
  return checked(answer, what);
}

function checked(text: string, what: string): string {
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError(`The ${what} is empty.`);
  if (/[\r\n]/.test(secret)) throw new UsageError(`The ${what} has more than one line.`);
  return secret;
}
