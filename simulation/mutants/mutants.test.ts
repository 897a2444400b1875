import { describe, expect, test } from "vitest";
import { INVARIANT_IDS } from "../checkers/checker.ts";
import { hunt } from "./hunt.ts";
import { MUTANTS } from "./mutants.ts";

describe("the checkers see", () => {
  test("every mutant, each by the checker that is named for it, on a seed where the real source passes", async () => {
    const hunted = await hunt(MUTANTS, () => undefined);
    expect(hunted.filter(({ caught }) => !caught)).toEqual([]);
  });

  test("at least fifteen different mistakes, and each invariant that one can break alone", () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(15);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    const seen = new Set(MUTANTS.map(({ caughtBy }) => caughtBy));
    expect(INVARIANT_IDS.filter((id) => !seen.has(id))).toEqual([]);
  });

  test("nothing where a mutant's text is no longer there: that is told, not passed over", async () => {
    const [mutant] = MUTANTS;
    if (mutant === undefined) throw new Error("no mutants");
    const [hunted] = await hunt([{ ...mutant, name: "no such mutant" }], () => undefined);
    expect(hunted).toMatchObject({ caught: false });
  });
});
