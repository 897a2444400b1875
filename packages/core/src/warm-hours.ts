import { type CalendarDay, type Cron, fallsOn, readCron } from "./cron.ts";
import { type TimeZone, timeZone } from "./time-zone.ts";

/**
 * When a connection's token is kept ready although nobody asks: always, or for the instants of a cron expression in a time zone, so
 * that a job that starts then need not wait for a refresh.
 */
export type WarmHours =
  | { readonly kind: "always" }
  | { readonly kind: "cron"; readonly cron: string; readonly zone: string };

/** What is wrong with warm hours, in a sentence; null where nothing is. */
export function warmHoursProblem(hours: WarmHours): string | null {
  if (hours.kind === "always") return null;
  const cron = readCron(hours.cron);
  if (typeof cron === "string") return cron;
  const zone = timeZone(hours.zone);
  if (zone === null) return `"${hours.zone}" is not a time zone of the IANA database, such as Pacific/Auckland or UTC`;
  return nextInstantMs(cron, zone, 0) === null ? "no day is like that, ever" : null;
}

/** The first instant after another at which the token is to be ready; null where there is none. */
export function nextWarmMs(hours: Extract<WarmHours, { kind: "cron" }>, afterMs: number): number | null {
  const { cron, zone } = read(hours);
  return cron === null || zone === null ? null : nextInstantMs(cron, zone, afterMs);
}

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
/** A 29 February may be eight years away. */
const DAYS_AHEAD = 8 * 366 + 2;

function nextInstantMs(cron: Cron, zone: TimeZone, afterMs: number): number | null {
  // A day earlier: the clock may have been put back over midnight.
  const firstMs = Math.floor(zone.localMs(afterMs) / DAY_MS) * DAY_MS - DAY_MS;
  for (let dayMs = firstMs; dayMs < firstMs + DAYS_AHEAD * DAY_MS; dayMs += DAY_MS) {
    if (!fallsOn(cron, calendarDay(dayMs))) continue;
    const found = firstOf(cron, { zone, dayMs, afterMs });
    if (found !== null) return found;
  }
  return null;
}

function firstOf(cron: Cron, at: { zone: TimeZone; dayMs: number; afterMs: number }): number | null {
  const { zone, dayMs, afterMs } = at;
  const [early, late] = [zone.instantsMs(dayMs), zone.instantsMs(dayMs + DAY_MS)];
  if (late.every((atMs) => atMs <= afterMs)) return null;
  const fromMs = early[0] ?? 0;
  const shiftMs = Math.abs((late.at(-1) ?? 0) - fromMs - DAY_MS);
  // A day like most: what its clock shows runs along with time.
  const isPlain = early.length === 1 && late.length === 1 && shiftMs === 0;
  const shownMs = zone.localMs(afterMs) - dayMs;
  let soonest: { readonly atMs: number; readonly sinceMs: number } | null = null;
  for (const sinceMs of timesOf(cron)) {
    // Whatever is shown earlier than now by more than the shift is over; what is shown later by more than it comes later.
    if (sinceMs < shownMs - shiftMs) continue;
    if (soonest !== null && sinceMs > soonest.sinceMs + shiftMs) break;
    const instants = isPlain ? [fromMs + sinceMs] : zone.instantsMs(dayMs + sinceMs);
    for (const atMs of instants)
      if (atMs > afterMs && (soonest === null || atMs < soonest.atMs)) soonest = { atMs, sinceMs };
  }
  return soonest?.atMs ?? null;
}

function* timesOf({ hours, minutes }: Cron): Generator<number> {
  for (const hour of hours) for (const minute of minutes) yield (hour * 60 + minute) * MINUTE_MS;
}

function calendarDay(dayMs: number): CalendarDay {
  const date = new Date(dayMs);
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() };
}

interface ReadHours {
  readonly cron: Cron | null;
  readonly zone: TimeZone | null;
}

/** Reading a zone is dear, and schedules ask the same few again and again. */
const READ = new WeakMap<WarmHours, ReadHours>();

function read(hours: Extract<WarmHours, { kind: "cron" }>): ReadHours {
  const known = READ.get(hours);
  if (known !== undefined) return known;
  const cron = readCron(hours.cron);
  const fresh = { cron: typeof cron === "string" ? null : cron, zone: timeZone(hours.zone) };
  READ.set(hours, fresh);
  return fresh;
}
