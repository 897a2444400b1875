import { readFileSync } from "node:fs";
import { ERRORS, type ErrorFacts } from "@evergrant/core";
import { expect, it } from "vitest";

const document = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
// The codes of the client library stand below; its own test looks at them.
const [ours = ""] = document.split(/^# Client library$/m);
const sections = new Map(
  ours
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n", 1)[0] ?? "", section]),
);

it("docs/errors.md has one entry per refusal, with its sentence, status, OAuth error, when it comes and what to do", () => {
  expect([...sections.keys()].sort()).toEqual(Object.keys(ERRORS).sort());
  for (const [code, facts] of Object.entries<ErrorFacts>(ERRORS)) {
    const section = sections.get(code) ?? "";
    expect(section).toContain(`\n${facts.message}\n`);
    expect(section).toContain(
      `HTTP ${facts.status} · ${facts.oauth === undefined ? "" : `\`error\`: \`${facts.oauth}\` · `}`,
    );
    expect(section).toMatch(/\*\*When\.\*\* \S[\s\S]*\*\*What to do\.\*\* \S/);
  }
});
