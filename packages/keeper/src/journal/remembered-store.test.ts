import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rememberedStore } from "./remembered-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-remembered-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = { deployment: "dp_1", incarnation: 2 ** 46 + 3, server: "7212345678901234567" };

test("a folder that never met a store remembers none", async () => {
  expect(await rememberedStore(folder).read()).toBeNull();
});

test("what was met last is remembered by the next process, and readable by its owner alone", async () => {
  await rememberedStore(folder).write({ ...store, server: null });
  await rememberedStore(folder).write(store);
  expect(await rememberedStore(folder).read()).toEqual(store);
  expect(statSync(join(folder, "store")).mode & 0o777).toBe(0o600);
});

test.each(["", "{", "[]", '{"deployment":"dp_1"}', '{"deployment":"dp_1","incarnation":"1","server":null}'])(
  "one that says nothing sensible is refused, not taken for a first meeting: %j",
  async (text) => {
    writeFileSync(join(folder, "store"), text);
    await expect(rememberedStore(folder).read()).rejects.toMatchObject({ code: "journal_unreadable" });
    expect(readFileSync(join(folder, "store"), "utf8")).toBe(text);
  },
);

test("one that cannot be written says so", async () => {
  rmSync(folder, { recursive: true });
  await expect(rememberedStore(folder).write(store)).rejects.toMatchObject({ code: "journal_unwritable" });
});
