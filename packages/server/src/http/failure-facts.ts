import type { FailureEntry } from "./request-log.ts";

/** What may be told of an unknown error: its class, a system code, and where it was thrown. Never its message or cause. */
export function failureFacts(error: unknown): Pick<FailureEntry, "kind" | "errorCode" | "frames"> {
  try {
    if (!(error instanceof Error)) return { kind: typeof error, errorCode: null, frames: [] };
    return { kind: kindOf(error), errorCode: codeOf(error), frames: framesOf(error) };
  } catch {
    return { kind: "unreadable", errorCode: null, frames: [] };
  }
}

const FRAMES_MAX = 12;

function kindOf(error: Error): string {
  const name: unknown = error.constructor.name;
  return typeof name === "string" && /^[A-Za-z]{1,40}$/.test(name) ? name : "Error";
}

function codeOf(error: Error): string | null {
  const code: unknown = "code" in error ? error.code : null;
  return typeof code === "string" && /^(E[A-Z]{2,20}|(ERR|FST|UND|SQLITE)_[A-Z_]{2,60})$/.test(code) ? code : null;
}

// A stack begins with the message as it was when the error was made: only what surely comes after it is taken.
function framesOf({ stack, message }: Error): readonly string[] {
  if (typeof stack !== "string" || typeof message !== "string") return [];
  const [firstLine = ""] = stack.split("\n", 1);
  const headEnds = message === "" ? firstLine.search(/(?<=^[A-Za-z]{1,40})$/) : stack.indexOf(message);
  if (headEnds < 0) return [];
  return stack
    .slice(headEnds + message.length)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^at .{1,300}:\d+:\d+\)?$/.test(line))
    .slice(0, FRAMES_MAX);
}
