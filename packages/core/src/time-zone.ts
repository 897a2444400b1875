/** A time zone of the IANA database, as far as instants of its wall clock are asked for. */
export interface TimeZone {
  readonly name: string;
  /** What its wall clock shows at an instant, as milliseconds since the epoch of a clock in UTC that shows the same. */
  localMs(atMs: number): number;
  /**
   * The instants at which its wall clock shows this: one; two in the hour that is repeated; and for a time that is skipped the
   * instant of the skip.
   */
  instantsMs(localMs: number): readonly number[];
}

const DAY_MS = 24 * 60 * 60_000;

/** The zone of that name; null where there is none. */
export function timeZone(name: string): TimeZone | null {
  const format = formatOf(name);
  if (format === null) return null;
  const localMs = (atMs: number) => shownAt(format, atMs);
  const offsetMs = (atMs: number) => localMs(atMs) - atMs;
  return {
    name: format.resolvedOptions().timeZone,
    localMs,
    instantsMs: (shownMs) => {
      // Offsets change at most once within two days.
      const [before, after] = [offsetMs(shownMs - DAY_MS), offsetMs(shownMs + DAY_MS)];
      if (before === after) return [shownMs - before];
      const candidates = [shownMs - before, shownMs - after].sort((a, b) => a - b);
      const shown = candidates.filter((atMs) => localMs(atMs) === shownMs);
      return shown.length > 0 ? shown : [changeMs(offsetMs, { fromMs: shownMs - DAY_MS, toMs: shownMs + DAY_MS })];
    },
  };
}

// The first whole second with the later offset.
function changeMs(offsetMs: (atMs: number) => number, between: { fromMs: number; toMs: number }): number {
  let { fromMs, toMs } = between;
  const before = offsetMs(fromMs);
  while (toMs - fromMs > 1_000) {
    const middleMs = Math.floor((fromMs + toMs) / 2_000) * 1_000;
    if (offsetMs(middleMs) === before) fromMs = middleMs;
    else toMs = middleMs;
  }
  return toMs;
}

function formatOf(name: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-US", {
      ...{ timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
      ...{ hour: "numeric", minute: "numeric", second: "numeric" },
    });
  } catch {
    return null;
  }
}

function shownAt(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const seconds = [part("hour"), part("minute"), part("second")] as const;
  const wholeMs = Date.UTC(part("year"), part("month") - 1, part("day"), ...seconds);
  return wholeMs + (((atMs % 1_000) + 1_000) % 1_000);
}
