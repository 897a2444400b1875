import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rememberedClock } from "./remembered-clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-remembered-clock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([null, 1_767_225_600_000])(
  "how the clock stood is remembered by the next process (in doubt: %j)",
  async (doubtfulUntilMs) => {
    expect(await rememberedClock(folder).read()).toBeNull();
    await rememberedClock(folder).write({ aheadMs: 7_200_000, doubtfulUntilMs });
    expect(await rememberedClock(folder).read()).toEqual({ aheadMs: 7_200_000, doubtfulUntilMs });
  },
);

test.each(["", "null", "{}", '{"aheadMs":"1","doubtfulUntilMs":null}', '{"aheadMs":1,"doubtfulUntilMs":"x"}'])(
  "a file that says %j is no memory, and stays as it is",
  async (text) => {
    writeFileSync(join(folder, "clock"), text);
    await expect(rememberedClock(folder).read()).rejects.toMatchObject({ code: "journal_unreadable" });
    expect(readFileSync(join(folder, "clock"), "utf8")).toBe(text);
  },
);
