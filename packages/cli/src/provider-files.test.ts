import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProviderFiles } from "./provider-files.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

test("provider files are one file, or every JSON file of a folder by name", () => {
  using folder = temporaryFolder();
  for (const name of ["b.json", "a.json", "notes.txt"]) writeFileSync(join(folder.path, name), name);
  expect(readProviderFiles(folder.path).map(({ name, text }) => [name, text])).toEqual([
    ["a.json", "a.json"],
    ["b.json", "b.json"],
  ]);
  expect(readProviderFiles(join(folder.path, "notes.txt"))).toEqual([{ name: "notes.txt", text: "notes.txt" }]);
});

test("a path where there is none is refused in words", () => {
  using folder = temporaryFolder();
  const refusal = (detail: string) => expect.objectContaining({ code: "provider_file_invalid", detail });
  const missing = join(folder.path, "missing.json");
  expect(() => readProviderFiles(missing)).toThrow(refusal(`${missing} cannot be read`));
  expect(() => readProviderFiles(folder.path)).toThrow(refusal(`${folder.path} holds no *.json`));
});
