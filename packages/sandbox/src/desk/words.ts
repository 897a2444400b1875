/** `2026-01-31 09:05:03`, in UTC. */
export const instantText = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace("T", " ");

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** `in 29 min`, `3 d ago`: one unit, rounded down, so that nothing seems to last longer than it does. */
export function distanceText(atMs: number, nowMs: number): string {
  const text = durationText(Math.abs(atMs - nowMs));
  return atMs > nowMs ? `in ${text}` : `${text} ago`;
}

/** `31 min`, `61 d`: one unit, rounded down. */
export function durationText(durationMs: number): string {
  const [unit, unitMs] = units.find(([, ms]) => durationMs >= 2 * ms) ?? ["s", 1000];
  return `${Math.floor(durationMs / unitMs)} ${unit}`;
}

/** The beginning of a hash or id: enough to tell two apart, nothing to log in with. */
export const shortened = (text: string): string => (text.length > 12 ? `${text.slice(0, 12)}…` : text);

/** The whole numbers from `first` to `last`. */
export const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
