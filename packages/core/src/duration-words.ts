const UNITS = [
  ["d", 24 * 60 * 60_000],
  ["h", 60 * 60_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** A duration in its two largest units, never longer than it is: `27 min 55 s`, `52 d 23 h`, `12 min`. */
export function durationWords(lengthMs: number): string {
  const largest = UNITS.findIndex(([, unitMs]) => lengthMs >= unitMs);
  if (largest < 0) return `${Math.floor(lengthMs)} ms`;
  let restMs = lengthMs;
  const counted = UNITS.slice(largest, largest + 2).map(([unit, unitMs]) => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return count === 0 ? "" : `${count} ${unit}`;
  });
  return counted.filter((part) => part !== "").join(" ");
}
