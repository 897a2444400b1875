import fc from "fast-check";
import { expect, test } from "vitest";
import type { LineItem } from "../engine/index.ts";
import { totalsOf } from "./line-items.ts";
import { cents, parseDate, rounded } from "./values.ts";

const aLine = (lineAmount: number, taxAmount: number): LineItem => ({
  id: "1",
  description: "",
  quantity: 1,
  unitAmount: lineAmount,
  itemCode: null,
  accountCode: null,
  taxType: null,
  taxAmount,
  lineAmount,
  discountRate: null,
});
const amount = fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 100);

test("a document's sums are whole cents, and add up", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(amount, amount), { maxLength: 40 }), (given) => {
      const lines = given.map(([line, tax]) => aLine(line, tax));
      const sum = (pick: (line: LineItem) => number) =>
        lines.reduce((all, line) => all + Math.round(pick(line) * 100), 0);
      const [amounts, taxes] = [sum((line) => line.lineAmount), sum((line) => line.taxAmount)];
      const inCents = ({ subTotal, totalTax, total }: ReturnType<typeof totalsOf>) =>
        [subTotal, totalTax, total].map((value) => value * 100);
      const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4));
      expect(inCents(totalsOf(lines, "Exclusive"))).toEqual(near([amounts, taxes, amounts + taxes]));
      expect(inCents(totalsOf(lines, "Inclusive"))).toEqual(near([amounts - taxes, taxes, amounts]));
    }),
  );
});

test.each([
  [1.005, 2, 1.01],
  [-1.005, 2, -1.01],
  [2.675, 2, 2.68],
  [1.00004999, 4, 1],
  [0.1 + 0.2, 2, 0.3],
  [-0.001, 2, 0],
])("%d rounds to %d decimals as a person would", (value, places, expected) => {
  expect(rounded(value, places)).toBe(expected);
});

test("a rounded amount stays what it is", () => {
  const doubles = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(fc.property(doubles, (value) => cents(cents(value)) === cents(value)));
});

test.each([
  ["/Date(1772323200000+0000)/", 1772323200000],
  ["\\/Date(1772323200000)\\/", 1772323200000],
  ["2026-03-01", 1772323200000],
  ["2026-03-01T00:00:00", 1772323200000],
  ["2026-03-01T13:00:00+13:00", 1772323200000],
  ["2026-03-01T00:00:00.0000000Z", 1772323200000],
  ["2026-13-01", null],
  ["01/03/2026", null],
  ["/Date(x)/", null],
  ["", null],
])("the date %s is read", (text, expected) => {
  expect(parseDate(text)).toBe(expected);
});
