import { readFileSync } from "node:fs";
import { type ImportedToken, newImportsSchema } from "@evergrant/contract";
import { UsageError } from "../command-failure.ts";
import type { Terminal } from "../command-world.ts";

/** A list of refresh tokens: a JSON array, or one JSON object per line. What is wrong with it is told by line, never with its content. */
export async function readImportList(terminal: Terminal, path: string): Promise<readonly ImportedToken[]> {
  const text = path === "-" ? await terminal.readInput() : readList(path);
  const entries = text.trimStart().startsWith("[") ? parseArray(text) : parseLines(text);
  if (entries.length === 0) throw new UsageError("The list is empty.");
  const tokens = entries.map((entry, index) => {
    const one = newImportsSchema.safeParse({ tokens: [entry] });
    const [token] = one.success ? one.data.tokens : [];
    if (token !== undefined) return token;
    const places = one.success ? [] : one.error.issues.map(({ path: at }) => at.slice(2).join(".") || "its members");
    throw new UsageError(`Entry ${index + 1} of the list is wrong: ${[...new Set(places)].join(", ")}.`);
  });
  for (const [index, { connection, refreshToken }] of tokens.entries())
    if (tokens.findIndex((each) => each.connection === connection || each.refreshToken === refreshToken) !== index)
      throw new UsageError(`Entry ${index + 1} of the list names a connection or a token that stands there already.`);
  return tokens;
}

function readList(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`${path} cannot be read.`);
  }
}

function parseArray(text: string): readonly unknown[] {
  const parsed = parse(text);
  if (!Array.isArray(parsed)) throw new UsageError("The list is neither a JSON array nor one JSON object per line.");
  return parsed;
}

function parseLines(text: string): readonly unknown[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    const parsed = parse(line);
    if (parsed === undefined) throw new UsageError(`Line ${index + 1} of the list is no JSON.`);
    return parsed;
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
