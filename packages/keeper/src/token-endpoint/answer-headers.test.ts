import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterMs, serverDateMs } from "./answer-headers.ts";

const AT = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("the Date field", () => {
  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "is read in the form %j of RFC 9110",
    (date) => {
      expect(serverDateMs({ date })).toBe(AT);
      expect(serverDateMs({ date: [date, "x"] })).toBe(AT);
    },
  );

  it.each([
    "",
    "now",
    "1994-11-06T08:49:37Z",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, 99 Nov 1994 08:49:37 GMT",
    "784111777",
  ])("is nothing when it says %j", (date) => expect(serverDateMs({ date })).toBeNull());
});

describe("Retry-After", () => {
  it("as a date is counted from the server's clock, and from ours where the server has none", () => {
    const later = "Sun, 06 Nov 1994 08:50:37 GMT";
    expect(retryAfterMs({ "retry-after": later, date: "Sun, 06 Nov 1994 08:49:37 GMT" }, 0)).toBe(60_000);
    expect(retryAfterMs({ "retry-after": later }, AT + 10_000)).toBe(50_000);
  });

  it("is a finite delay of at least nothing, or null, whatever it says", () => {
    const odd = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(odd, odd, (retryAfter, date) => {
        const ms = retryAfterMs({ "retry-after": retryAfter, date }, 0);
        expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
    expect(retryAfterMs({}, 0)).toBeNull();
  });
});
