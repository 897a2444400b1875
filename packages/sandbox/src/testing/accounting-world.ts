import { createSandbox, type SandboxOptions } from "../index.ts";
import { type ApiAnswer, aClientOf, type Row } from "./accounting-client.ts";

/** The elements of an answer. */
export const rows = (answer: ApiAnswer, list: string): readonly Row[] => answer.json[list] as readonly Row[];
export const first = (answer: ApiAnswer, list: string): Row => rows(answer, list)[0] ?? {};
/** What a refusal says is wrong. */
export const problems = (answer: ApiAnswer): readonly string[] =>
  (answer.json.Elements as readonly { readonly ValidationErrors: readonly { readonly Message: string }[] }[]).flatMap(
    (element) => element.ValidationErrors.map((error) => error.Message),
  );
export const names = (answer: ApiAnswer, list: string, name: string): readonly unknown[] =>
  rows(answer, list).map((row) => row[name]);

/** For tests: a sandbox with one client. */
export async function aSandbox(options: SandboxOptions = {}) {
  const sandbox = await createSandbox(options);
  const client = await aClientOf(sandbox);
  return { sandbox, ...client, [Symbol.asyncDispose]: () => sandbox.close() };
}
