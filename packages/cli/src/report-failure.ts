import type { ServiceFailure } from "@evergrant/keeper";
import type { RequestLog } from "@evergrant/server";

const FRAMES_MAX = 8;

/** Logs what failed behind everybody's back. Messages are left out, since nobody knows what they quote. */
export function reportFailure(log: RequestLog): (failure: ServiceFailure) => void {
  return ({ what, subject, error }) =>
    log.failure({
      requestId: subject,
      route: what,
      kind: error instanceof Error ? error.name : typeof error,
      errorCode: codeOf(error),
      frames: framesOf(error),
    });
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => /^at .+:\d+:\d+\)?$/.test(line)).slice(0, FRAMES_MAX);
}
