const UNITS = [
  ["day", 24 * 60 * 60_000],
  ["hour", 60 * 60_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

// ECMA-262 §21.4.1.1: what a Date can hold.
const LAST_INSTANT_MS = 8.64e15;

/** `2026-03-03 14:05:10`, in the time zone of whoever reads it. */
export function localInstant(atMs: number, timeZone?: string): string {
  if (!(Math.abs(atMs) <= LAST_INSTANT_MS)) return "a time beyond all calendars";
  const parts = new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(timeZone === undefined ? {} : { timeZone }),
  }).formatToParts(new Date(atMs));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")}`;
}

/** `in 18 minutes`, `3 days ago`, `now`: the largest unit that fits, rounded towards now. */
export function relativeInstant(atMs: number, nowMs: number): string {
  const distanceMs = atMs - nowMs;
  const unit = UNITS.find(([, lengthMs]) => Math.abs(distanceMs) >= lengthMs);
  if (unit === undefined) return "now";
  return new Intl.RelativeTimeFormat("en", { numeric: "always" }).format(Math.trunc(distanceMs / unit[1]), unit[0]);
}

/** `10 minutes`, `1 day`. */
export function duration(lengthMs: number): string {
  const unit = UNITS.find(([, unitMs]) => lengthMs >= unitMs) ?? (["second", 1_000] as const);
  const count = Math.trunc(lengthMs / unit[1]);
  return `${count} ${unit[0]}${count === 1 ? "" : "s"}`;
}

/** `in 18 minutes (2026-03-03 14:05:10)`. */
export function whenWords(atMs: number, nowMs: number): string {
  return `${relativeInstant(atMs, nowMs)} (${localInstant(atMs)})`;
}
