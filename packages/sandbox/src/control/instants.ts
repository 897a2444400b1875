import { SandboxError } from "../errors.ts";

// Sums with any life a token can have stay far below where JavaScript dates end.
const latestMs = Date.UTC(9999, 11, 31);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Epoch milliseconds of an ISO date or a number. */
export const instantMs = (instant: string | number): number =>
  bounded(typeof instant === "number" ? instant : Date.parse(instant));

/** Milliseconds of `61d`, `31m`, `10s`, `250ms` or a number. */
export function durationMs(duration: string | number): number {
  if (typeof duration === "number") return duration;
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(duration) ?? [];
  return bounded(Number(count) * (unitMs[unit ?? ""] ?? Number.NaN));
}

/** Refuses instants that no date can hold. */
export function bounded(ms: number): number {
  if (Number.isFinite(ms) && ms <= latestMs) return ms;
  throw new SandboxError("clock_too_far", "That instant is beyond what a date can hold. Name an earlier one.");
}
