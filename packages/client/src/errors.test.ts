import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CLIENT_ERRORS } from "./errors.ts";

const document = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

it("docs/errors.md has one entry per code of the client, with its sentence, whether to repeat, when it comes and what to do", () => {
  const [, part = ""] = document.split(/^# Client library$/m);
  const sections = new Map(
    part
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0] ?? "", section]),
  );
  expect([...sections.keys()].sort()).toEqual(Object.keys(CLIENT_ERRORS).sort());
  for (const [code, { message, retry }] of Object.entries(CLIENT_ERRORS)) {
    const section = sections.get(code) ?? "";
    expect(section).toContain(`\n${message}\n`);
    expect(section).toContain(`\`retry\`: \`${retry}\``);
    expect(section).toMatch(/\*\*When\.\*\* \S[\s\S]*\*\*What to do\.\*\* \S/);
  }
});
