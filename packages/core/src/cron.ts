/** The instants of a five-field cron expression (minute, hour, day of month, month, day of week), read. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** POSIX: where both kinds of day are restricted, either will do. */
  readonly eitherDay: boolean;
}

/** A day of the calendar: months count from 1, weekdays from Sunday, 0. */
export interface CalendarDay {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

/**
 * Reads `*`, numbers, ranges, lists, steps (`8-18/2`, and of a star) and the English three-letter names of months and days; Sunday is 0 or 7.
 * A sentence that says what is wrong where it is none.
 */
export function readCron(text: string): Cron | string {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    return "a cron expression has five fields: minute hour day-of-month month day-of-week";
  const read = FIELDS.map((field, index) => readField(fields[index] ?? "", field));
  const wrong = read.find((values) => typeof values === "string");
  if (typeof wrong === "string") return wrong;
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = read as number[][];
  const isOpen = (index: number) => fields[index]?.startsWith("*") === true;
  return {
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays.map((weekday) => weekday % 7)),
    eitherDay: !isOpen(2) && !isOpen(4),
  };
}

export function fallsOn(cron: Cron, { month, day, weekday }: CalendarDay): boolean {
  if (!cron.months.has(month)) return false;
  const [byDay, byWeekday] = [cron.days.has(day), cron.weekdays.has(weekday)];
  return cron.eitherDay ? byDay || byWeekday : byDay && byWeekday;
}

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names in order, the first for `from`. */
  readonly names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { name: "minute", from: 0, to: 59, names: [] },
  { name: "hour", from: 0, to: 23, names: [] },
  { name: "day of month", from: 1, to: 31, names: [] },
  { name: "month", from: 1, to: 12, names: MONTHS },
  { name: "day of week", from: 0, to: 7, names: WEEKDAYS },
];

/** The values of one field in ascending order, or what is wrong with it. */
function readField(text: string, field: Field): number[] | string {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const range = readRange(part, field);
    if (range === null)
      return `${field.name}: "${part}" is not *, a number from ${field.from} to ${field.to}, a range or a step`;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readRange(part: string, field: Field): { from: number; to: number; step: number } | null {
  const found = /^(?:(?<all>\*)|(?<from>\w{1,3})(?:-(?<to>\w{1,3}))?)(?:\/(?<step>[1-9]\d?))?$/.exec(part)?.groups;
  if (found === undefined) return null;
  const { all, from, to, step } = found;
  if (all !== undefined) return { from: field.from, to: field.to, step: Number(step ?? 1) };
  const first = readValue(from ?? "", field);
  const last = to === undefined ? first : readValue(to, field);
  // A step of a single number means different things to different readers.
  if (first === null || last === null || last < first || (to === undefined && step !== undefined)) return null;
  return { from: first, to: last, step: Number(step ?? 1) };
}

function readValue(text: string, field: Field): number | null {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return field.from + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.from && value <= field.to ? value : null;
}
