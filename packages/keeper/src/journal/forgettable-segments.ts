import type { AttemptId } from "@evergrant/core";
import type { ReadSegment } from "./stored-segments.ts";

/**
 * I6 never discard: which of these segments, oldest first, may go: finished ones whose every record is older than the instant and whose every attempt
 * is settled, be it in a later segment. One that holds the end of an attempt stays as long as an earlier one that holds its
 * beginning does: a dropped `settled` would bring a closed attempt back.
 */
export function forgettableSegments(
  segments: readonly ReadSegment[],
  limits: { readonly finishedBelow: number; readonly beforeMs: number },
): readonly number[] {
  const settled = new Set<AttemptId>();
  for (const { record } of segments.flatMap(({ entries }) => entries))
    if (record.kind === "settled") settled.add(record.attempt);
    else settled.delete(record.attempt);
  const staying = new Set<AttemptId>();
  const going: number[] = [];
  for (const { number, entries } of segments) {
    const isOver = entries.every(
      ({ record: { attempt, atMs } }) => atMs < limits.beforeMs && settled.has(attempt) && !staying.has(attempt),
    );
    if (isOver && number < limits.finishedBelow) going.push(number);
    else for (const { record } of entries) staying.add(record.attempt);
  }
  return going;
}
