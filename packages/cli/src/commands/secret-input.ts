import { UsageError } from "../command-failure.ts";
import type { Session } from "../session.ts";

/** A client secret: from standard input where that was asked for, else from the person at the terminal. Never from the command line. */
export async function readClientSecret(session: Session, fromInput: boolean): Promise<string> {
  const { terminal } = session.world;
  if (fromInput) return checked(await terminal.readInput());
  if (!session.interactive)
    throw new UsageError("Give the client secret over standard input, with --client-secret-stdin.");
  const answer = await terminal.askSecret("Client secret");
  if (answer === null) throw new UsageError("Cancelled: nothing was changed.");
  return checked(answer);
}

function checked(text: string): string {
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError("The client secret is empty.");
  if (/[\r\n]/.test(secret)) throw new UsageError("The client secret has more than one line.");
  return secret;
}
