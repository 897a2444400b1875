import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileOrder } from "./order.ts";
import { RefusedCall } from "./refusals.ts";
import { Decimal, type Element, XeroDate } from "./values.ts";
import { compileWhere } from "./where.ts";

const subject = {
  element: "Invoice",
  fields: { Number: "string", Total: "number", Date: "date", Sent: "boolean", Id: "guid", "Contact.Name": "string" },
} as const;
const element = (number: string | undefined, total: number): Element => ({
  Number: number,
  Total: new Decimal(total, 2),
});

describe("where", () => {
  test("any text is compiled or refused with a sentence, and never anything else", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "Number",
        "Total",
        "Date",
        "Contact.Name",
        "==",
        "!=",
        "<",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        '"x"',
        "1",
        "null",
        ".Contains(",
        "DateTime(2026,1,1)",
        "Guid(",
        ",",
        ".",
        "-",
        "'",
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom(" ", ""), (pieces, between) => {
        const compiled = () => compileWhere(pieces.join(between), subject);
        try {
          expect(typeof compiled()(element("x", 1))).toBe("boolean");
        } catch (error) {
          expect(error).toBeInstanceOf(RefusedCall);
          expect(error).toMatchObject({ refusal: { kind: "bad-query", message: expect.stringMatching(/\w/) } });
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("agrees with the comparison it stands for", () => {
    const number = fc.integer({ min: -1000, max: 1000 }).map((cents) => cents / 100);
    fc.assert(
      fc.property(number, number, number, (total, a, b) => {
        const is = (text: string) => compileWhere(text, subject)(element("x", total));
        expect(is(`Total>${a}`)).toBe(total > a);
        expect(is(`Total <= ${a} OR Total==${b}`)).toBe(total <= a || total === b);
        expect(is(`NOT(Total<${a} AND Total!=${b})`)).toBe(!(total < a && total !== b));
        // AND binds tighter than OR.
        expect(is(`Total>${a} OR Total>${b} AND Total<${a}`)).toBe(total > a || (total > b && total < a));
      }),
    );
  });

  test("finds any text it is given, quotes and backslashes included", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (before, part, after) => {
        const quoted = part.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
        const is = (text: string) => compileWhere(text, subject)(element(`${before}${part}${after}`, 1));
        expect(is(`Number.Contains("${quoted}")`)).toBe(true);
        expect(is(`number.ToUpper().ToLower().Contains("${quoted}".ToUpper().ToLower())`)).toBe(true);
      }),
    );
  });

  test("what has no value equals null alone, and is neither less nor more than anything", () => {
    const is = (text: string) => compileWhere(text, subject)(element(undefined, 1));
    expect([is("Number==null"), is("Number!=null"), is('Number==""'), is('Number.Contains("")')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([is("Date<DateTime(2026,1,1)"), is("Date>=DateTime(2026,1,1)"), is("Contact.Name==null")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("days are compared as days", () => {
    const on = (day: string): Element => ({ Date: new XeroDate(Date.parse(`${day}T00:00:00Z`)) });
    const february = compileWhere('Date >= DateTime(2028, 02, 01) && Date < DateTime.Parse("2028-03-01")', subject);
    expect(["2028-01-31", "2028-02-01", "2028-02-29", "2028-03-01"].map((day) => february(on(day)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

test("an order is stable, by each key in turn, and puts what has no value first", () => {
  const compare = compileOrder("number desc, Total", subject);
  const rows = [element("a", 2), element("b", 1), element(undefined, 9), element("a", 1), element("b", 1)];
  const sorted = rows.toSorted(compare).map(({ Number: number, Total: total }) => `${number}${total}`);
  expect(sorted).toEqual(["b1.00", "b1.00", "a1.00", "a2.00", "undefined9.00"]);
  expect(() => compileOrder("Number;", subject)).toThrow(RefusedCall);
  expect(() => compileOrder("Nothing ASC", subject)).toThrow(RefusedCall);
});
