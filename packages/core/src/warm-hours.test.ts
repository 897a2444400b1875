import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { timeZone } from "./time-zone.ts";
import { nextWarmMs, warmHoursProblem } from "./warm-hours.ts";

const at = (text: string) => Date.parse(text);
const hours = (cron: string, zone = "UTC") => ({ kind: "cron", cron, zone }) as const;
const next = (cron: string, zone: string, after: string) => {
  const atMs = nextWarmMs(hours(cron, zone), at(after));
  return atMs === null ? null : new Date(atMs).toISOString().replace(":00.000Z", "Z");
};

describe("the next instant of warm hours", () => {
  it.each([
    ["0 2 * * *", "2026-11-27T01:59:59Z", "2026-11-27T02:00Z"],
    ["0 2 * * *", "2026-11-27T02:00:00Z", "2026-11-28T02:00Z"],
    ["*/15 8-9 * * mon-fri", "2026-11-27T09:45:00Z", "2026-11-30T08:00Z"],
    ["5,10 4 1 jan *", "2026-11-27T00:00:00Z", "2027-01-01T04:05Z"],
    ["0 0 29 2 *", "2026-11-27T00:00:00Z", "2028-02-29T00:00Z"],
    ["0 6 * * 7", "2026-11-27T00:00:00Z", "2026-11-29T06:00Z"],
    ["0 6 * * SUN", "2026-11-27T00:00:00Z", "2026-11-29T06:00Z"],
    // Where both kinds of day are restricted, either will do.
    ["0 6 1 * mon", "2026-11-27T00:00:00Z", "2026-11-30T06:00Z"],
    ["0 6 1 * mon", "2026-11-30T06:00:00Z", "2026-12-01T06:00Z"],
  ])("of %s after %s is %s", (cron, after, expected) => {
    expect(next(cron, "UTC", after)).toBe(expected);
  });

  it("is on the wall clock of its zone, in summer and in winter", () => {
    expect(next("0 2 * * *", "Pacific/Auckland", "2026-06-30T00:00:00Z")).toBe("2026-06-30T14:00Z");
    expect(next("0 2 * * *", "Pacific/Auckland", "2026-12-30T00:00:00Z")).toBe("2026-12-30T13:00Z");
    expect(next("30 5 * * *", "Asia/Kolkata", "2026-12-30T00:00:00Z")).toBe("2026-12-31T00:00Z");
  });

  it("is the instant of the skip where its time does not exist that day", () => {
    // In New York clocks go from 02:00 to 03:00 on 8 March 2026.
    expect(next("30 2 * * *", "America/New_York", "2026-03-08T05:00:00Z")).toBe("2026-03-08T07:00Z");
    expect(next("30 2 * * *", "America/New_York", "2026-03-08T07:00:00Z")).toBe("2026-03-09T06:30Z");
  });

  it("is both where its time comes twice", () => {
    // And from 02:00 back to 01:00 on 1 November 2026.
    expect(next("30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z")).toBe("2026-11-01T05:30Z");
    expect(next("30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z")).toBe("2026-11-01T06:30Z");
    expect(next("30 1 * * *", "America/New_York", "2026-11-01T06:30:00Z")).toBe("2026-11-02T06:30Z");
  });

  it("is found where clocks change at midnight", () => {
    // In Cairo 24 April 2026 begins at 01:00.
    expect(next("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z")).toBe("2026-04-23T22:00Z");
    expect(next("0 1 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z")).toBe("2026-04-23T22:00Z");
  });

  test("comes later than what it is asked after, is shown by the zone's clock, and none is passed over", () => {
    const zones = [
      "UTC",
      "Pacific/Auckland",
      "America/New_York",
      "Australia/Lord_Howe",
      "Africa/Cairo",
      "Asia/Kathmandu",
    ];
    const minute = fc.integer({ min: 0, max: 59 });
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        minute,
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2029-01-01T00:00:00Z") }),
        (name, min, hour, afterMs) => {
          const zone = timeZone(name) ?? expect.unreachable();
          const found = nextWarmMs(hours(`${min} ${hour} * * *`, name), afterMs) ?? expect.unreachable();
          expect(found).toBeGreaterThan(afterMs);
          // Once a day at least, and a day has 25 hours at most.
          expect(found - afterMs).toBeLessThanOrEqual(25 * 60 * 60_000);
          const shown = new Date(zone.localMs(found));
          const isShown = shown.getUTCHours() === hour && shown.getUTCMinutes() === min;
          // Else its time was skipped: just before, the clock showed less, and now it shows more.
          const wanted = hour * 60 + min;
          const before = new Date(zone.localMs(found - 1_000));
          const jumped =
            before.getUTCHours() * 60 + before.getUTCMinutes() < wanted || before.getUTCDate() !== shown.getUTCDate();
          expect(isShown || (jumped && shown.getUTCHours() * 60 + shown.getUTCMinutes() > wanted)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("are all minutes one by one where every minute is wanted, over a change of clocks too", () => {
    const everyMinute = hours("* * * * *", "America/New_York");
    for (const start of ["2026-03-08T06:30:00Z", "2026-11-01T05:00:00Z"]) {
      let atMs = at(start);
      for (let minutes = 0; minutes < 150; minutes += 1) {
        const found = nextWarmMs(everyMinute, atMs);
        expect(found).toBe(atMs + 60_000);
        atMs = found ?? 0;
      }
    }
  });
});

describe("what is wrong with warm hours", () => {
  it.each([
    ["0 2 * *", "UTC", "five fields"],
    ["60 2 * * *", "UTC", "minute"],
    ["0 24 * * *", "UTC", "hour"],
    ["0 2 0 * *", "UTC", "day of month"],
    ["0 2 * dec-jan *", "UTC", "month"],
    ["0 2 * * moon", "UTC", "day of week"],
    ["0/5 2 * * *", "UTC", "minute"],
    ["*/0 2 * * *", "UTC", "minute"],
    ["0,,5 2 * * *", "UTC", "minute"],
    ["0 2 30 2 *", "UTC", "no day"],
    ["0 2 * * *", "Mars/Olympus", "time zone"],
    ["@daily", "UTC", "five fields"],
  ])("%s in %s: is said in words", (cron, zone, word) => {
    expect(warmHoursProblem(hours(cron, zone))).toContain(word);
  });

  it("is nothing where they are well", () => {
    expect(warmHoursProblem({ kind: "always" })).toBeNull();
    expect(warmHoursProblem(hours("  0  2 * * 1-5 ", "Europe/Berlin"))).toBeNull();
  });

  test("whatever is written, an answer comes and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (cron, zone) => {
        const problem = warmHoursProblem(hours(cron, zone));
        expect(problem === null || problem.length > 0).toBe(true);
      }),
    );
  });
});
