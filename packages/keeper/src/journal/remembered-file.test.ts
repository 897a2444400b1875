import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rememberedClock } from "./remembered-clock.ts";
import type { RememberedFile } from "./remembered-file.ts";
import { rememberedStore } from "./remembered-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-remembered-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = { deployment: "dp_1", incarnation: 2 ** 46 + 3, server: "7212345678901234567" };
const clock = { aheadMs: 7_200_000, doubtfulUntilMs: 1_767_225_600_000 };

interface Remembered {
  readonly name: string;
  readonly file: (folder: string) => RememberedFile<object>;
  readonly before: object;
  readonly last: object;
  readonly senseless: readonly string[];
}

const FILES: readonly Remembered[] = [
  {
    name: "store",
    file: rememberedStore as (folder: string) => RememberedFile<object>,
    ...{ before: { ...store, server: null }, last: store },
    senseless: ['{"deployment":"dp_1"}', '{"deployment":"dp_1","incarnation":"1","server":null}'],
  },
  {
    name: "clock",
    file: rememberedClock as (folder: string) => RememberedFile<object>,
    ...{ before: { ...clock, doubtfulUntilMs: null }, last: clock },
    senseless: ['{"aheadMs":"1","doubtfulUntilMs":null}', '{"aheadMs":1,"doubtfulUntilMs":"x"}', '{"aheadMs":0.5}'],
  },
];

describe.each(FILES)("the $name that a node remembers", ({ name, file, before, last, senseless }) => {
  test("is none before the first", async () => {
    expect(await file(folder).read()).toBeNull();
  });

  test("is known to the next process, and readable by its owner alone", async () => {
    for (const known of [before, last]) {
      await file(folder).write(known);
      expect(await file(folder).read()).toEqual(known);
    }
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  test.each(["", "{", "[]", "null", "{}", ...senseless])(
    "is refused where it says nothing sensible, not taken for none: %j",
    async (text) => {
      writeFileSync(join(folder, name), text);
      await expect(file(folder).read()).rejects.toMatchObject({ code: "journal_unreadable" });
      expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    },
  );

  test("says so where it cannot be written", async () => {
    rmSync(folder, { recursive: true });
    await expect(file(folder).write(last)).rejects.toMatchObject({ code: "journal_unwritable" });
  });
});
