import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/security.md"), "utf8");

/** Of each table row the tests in its last cell: a file, and words of titles in it. */
const named = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| demand"))
  .flatMap((line) => {
    const cell = line.split("|").at(-2) ?? "";
    return cell.split("·").map((part) => ({
      row: line.slice(0, 60),
      file: /`([^`]+)`/.exec(part)?.[1] ?? "",
      titles: [...part.matchAll(/\*([^*]+)\*/g)].map(([, title = ""]) => title),
    }));
  });

test("the page on security names at least one test for each demand, and each of them exists", () => {
  expect(named.length).toBeGreaterThan(20);
  const wrong = named.flatMap(({ row, file, titles }) => {
    if (titles.length === 0 || !existsSync(join(root, file))) return [`${row}: no test in ${file || "its last cell"}`];
    const text = readFileSync(join(root, file), "utf8");
    return titles.filter((title) => !text.includes(title)).map((title) => `${file}: nothing is called "${title}"`);
  });
  expect(wrong).toEqual([]);
});
