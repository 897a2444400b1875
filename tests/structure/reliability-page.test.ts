import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIGURE_NAMES, type Figures, readFigures } from "../../tools/reliability/figure.ts";
import { rate } from "../../tools/reliability/markdown.ts";
import { markedFiles } from "../../tools/reliability/marked-files.ts";
import { PAGE, renderPage } from "../../tools/reliability/page.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, PAGE), "utf8");
const evidence = { figures: readFigures(root), files: markedFiles(root) };

describe("the page on reliability", () => {
  test("says what the figures, the invariants' marks and the outage budget say (else: npm run figures)", () => {
    expect(page).toBe(renderPage(page, evidence));
  });

  test("names where each of its figures comes from", () => {
    for (const name of FIGURE_NAMES) {
      const figure = evidence.figures[name];
      if (figure === undefined) continue;
      expect(figure.commit).toMatch(/^[0-9a-f]{7,}\+?$/);
      expect(figure.date).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(page).toContain(`\`${figure.command}\`, ${figure.date}, commit ${figure.commit}`);
    }
  });

  test("changes with a figure", () => {
    const { sim: _sim, ...others } = evidence.figures;
    const result = {
      seeds: 20_000,
      connectionDays: 5_000_000,
      connectionDaysPerCpuSecond: 2_345,
      rotationsPerCpuSecond: 678,
      violations: 0,
      lostGrants: 1,
      beyondPromise: 4,
      falseDeaths: 0,
      cells: { reached: 9, total: 10 },
      mutants: { caught: 26, total: 27 },
      referencePeer: { lostGrants: 77, perMillionRotations: 1_234.4 },
    };
    const sim = { command: "npm run sim -- --json", commit: "abcdef1", date: "2026-01-02", seed: 7, result };
    const changed = renderPage(page, { ...evidence, figures: { ...others, sim } });
    expect(changed).toContain("0 in 20,000 worlds (95 %: fewer than 1 in 6,666)");
    expect(changed).toContain("| 1 in 20,000 worlds |");
    expect(changed).toContain("9 of 10 reached");
    expect(changed).toContain("26 of 27 caught");
    expect(changed).toContain("77: 1,234 per million rotations");
    expect(changed).toContain("*`npm run sim -- --json`, 2026-01-02, commit abcdef1, seed 7.*");
  });

  test("says of a figure that was never measured how to measure it", () => {
    const bare: Figures = {};
    const unmeasured = renderPage(page, { ...evidence, figures: bare });
    for (const name of FIGURE_NAMES) expect(unmeasured).toContain(`npm run figures -- ${name}\``);
  });

  test("is refused with a section that nothing makes, or without one that something makes", () => {
    expect(() => renderPage(`${page}<!-- generated: nonsense -->\n<!-- end -->`, evidence)).toThrow(/nonsense/);
    expect(() => renderPage(page.replace("<!-- generated: chaos -->", ""), evidence)).toThrow(/chaos/);
  });
});

test.each([
  [0, 300, "0 in 300 kills (95 %: fewer than 1 in 100)"],
  [0, 3, "0 in 3 kills"],
  [2, 3_000, "2 in 3,000 kills"],
])("%i in %i is worth: %s", (count, trials, words) => {
  expect(rate(count, trials, "kills")).toBe(words);
});
