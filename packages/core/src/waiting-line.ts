import type { GrantId } from "./ids.ts";
import type { Limits } from "./timing.ts";

/** Those who were told to wait for their turn at one app: each comes back once, at an instant of his own, and not all at the next one. */
export interface WaitingLine {
  /** The last turn that was given out. */
  readonly endMs: number;
  readonly turns: ReadonlyMap<GrantId, number>;
}

export const NO_LINE: WaitingLine = { endMs: Number.NEGATIVE_INFINITY, turns: new Map() };

/** Whether it is this grant's turn: its own has come, or nobody waits. */
export function isItsTurn(line: WaitingLine, { grant, nowMs }: { grant: GrantId; nowMs: number }): boolean {
  const turnMs = line.turns.get(grant);
  return turnMs === undefined ? line.endMs <= nowMs : turnMs <= nowMs;
}

/** Turns follow each other faster than requests may: many who wait find at their turn that another node has brought their token. */
export const TURNS_PER_REQUEST = 4;

/**
 * A turn at the end of the line; who has one that is still to come keeps it, who finds no room at it stands in line again. Where the line is longer
 * than a caller would wait, no turn is given: come back when those who wait now have gone.
 */
export function standInLine(
  line: WaitingLine,
  ask: { readonly grant: GrantId; readonly nowMs: number; readonly notBeforeMs: number },
  limits: Limits,
): { readonly line: WaitingLine; readonly untilMs: number } {
  const { grant, nowMs, notBeforeMs } = ask;
  const known = line.turns.get(grant);
  if (known !== undefined && known > nowMs) return { line, untilMs: known };
  const untilMs = Math.max(notBeforeMs, line.endMs + 1_000 / (limits.requestsPerSecond * TURNS_PER_REQUEST));
  if (untilMs - nowMs > limits.callerWaitMs) return { line, untilMs };
  const turns = new Map(line.endMs <= nowMs ? [] : line.turns);
  turns.set(grant, untilMs);
  return { line: { endMs: untilMs, turns }, untilMs };
}

/** The line without a grant whose request has gone. */
export function leaveLine(line: WaitingLine, grant: GrantId): WaitingLine {
  if (!line.turns.has(grant)) return line;
  const turns = new Map(line.turns);
  turns.delete(grant);
  return { ...line, turns };
}
