import { EvergrantError } from "@evergrant/core";

/** The journal cannot keep its promise; `what` says which part, the cause only by its code. */
export function journalUnwritable(what: string, cause?: unknown): EvergrantError {
  const code = errorCode(cause);
  const detail = code === null ? what : `${what}: ${code}`;
  return new EvergrantError("journal_unwritable", cause === undefined ? { detail } : { detail, cause });
}

/** A sound record may lie behind what cannot be read, so nothing is passed over in silence. */
export function journalDamaged(segment: string, where: string): EvergrantError {
  return new EvergrantError("journal_unreadable", { detail: `${segment} is damaged ${where}` });
}

/** The system's name for an error (`ENOSPC`), or null. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
