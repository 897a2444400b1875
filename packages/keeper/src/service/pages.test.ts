import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/callers-world.ts";
import { type Page, type PagedList, pageOf, placeByAge, rowsAfter } from "./pages.ts";

interface Row {
  readonly id: string;
  readonly createdAtMs: number;
}

const row: fc.Arbitrary<Row> = fc.record({ id: fc.string({ maxLength: 6 }), createdAtMs: fc.nat(20) });
const distinct = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 });

const listOf = (rows: () => readonly Row[], name = "rows"): PagedList<Row> => ({
  ...{ name, placeOf: placeByAge },
  rows: async (after, limit) => rowsAfter(rows(), after, limit),
});

async function everything(
  list: PagedList<Row>,
  limit: number,
  between: () => void = () => {},
): Promise<readonly Row[]> {
  const read: Row[] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const page: Page<Row> = await pageOf(list, { cursor, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    read.push(...page.items);
    cursor = page.next;
    more = cursor !== null;
    between();
  }
  return read;
}

describe("pages", () => {
  test("are together the list, oldest first, each row once, and no page is empty but that of an empty list", async () => {
    await fc.assert(
      fc.asyncProperty(distinct, fc.integer({ min: 1, max: 7 }), async (rows, limit) => {
        const read = await everything(
          listOf(() => rows),
          limit,
        );
        expect(read).toHaveLength(rows.length);
        expect(new Set(read)).toEqual(new Set(rows));
        const ages = read.map(({ createdAtMs }) => createdAtMs);
        expect(ages).toEqual(ages.toSorted((a, b) => a - b));
      }),
    );
  });

  test("hold what was there all the while once, whatever is added and taken away between them", async () => {
    await fc.assert(
      fc.asyncProperty(distinct, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
        const rows = all.slice(0, all.length / 2);
        const [gone, ...stayed] = rows;
        const coming = all.slice(rows.length);
        const read = await everything(
          listOf(() => rows),
          limit,
          () => {
            rows.push(...coming.splice(0, 1));
            if (gone !== undefined && rows.includes(gone)) rows.splice(rows.indexOf(gone), 1);
          },
        );
        expect(new Set(read).size).toBe(read.length);
        for (const each of stayed) expect(read).toContain(each);
      }),
    );
  });

  test("are of one list: cursors of another, of nobody, and broken ones are refused", async () => {
    const rows = [1, 2, 3].map((n) => ({ id: `r${n}`, createdAtMs: n }));
    const { next } = await pageOf(
      listOf(() => rows),
      { cursor: null, limit: 1 },
    );
    const refused = (cursor: string, name = "rows") =>
      codeOf(
        pageOf(
          listOf(() => rows, name),
          { cursor, limit: 1 },
        ),
      );
    expect(await refused(next ?? "")).toBe("admitted");
    expect(await refused(next ?? "", "others")).toBe("input_invalid");
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const cursor of [
      "x",
      "",
      "%",
      made(null),
      made(["rows", "1", "r1"]),
      made(["rows", 1.5, "r1"]),
      made(["rows", 1, 2]),
    ])
      expect(await refused(cursor)).toBe("input_invalid");
    await fc.assert(
      fc.asyncProperty(fc.string(), async (cursor) => ["admitted", "input_invalid"].includes(await refused(cursor))),
    );
  });
});
