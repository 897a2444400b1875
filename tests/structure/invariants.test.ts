import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { INVARIANTS, invariantPlaces, wrongMarks } from "../../tools/reliability/invariants.ts";
import { markedFiles } from "../../tools/reliability/marked-files.ts";

const root = join(import.meta.dirname, "../..");

describe("the invariants", () => {
  const files = markedFiles(root);
  const places = invariantPlaces(files);

  test.each(places)("$id $name is named where the code keeps it and where something checks it", (place) => {
    expect(place.keptBy).not.toEqual([]);
    expect(place.checkedBy.filter((path) => path.startsWith("simulation/checkers/i"))).toHaveLength(1);
    expect(place.checkedBy.filter((path) => !path.startsWith("simulation/"))).not.toEqual([]);
  });

  test("are named by no other id and no other name", () => {
    expect(wrongMarks(files)).toEqual([]);
  });

  test("have the same names in the checkers of the simulation", () => {
    const checkers = files.filter(({ path }) => path.startsWith("simulation/checkers/i"));
    const named = checkers.map(({ text }) => /\bid: "(I\d+)",\s+name: "([^"]+)"/.exec(text)?.slice(1) ?? []);
    expect(Object.fromEntries(named)).toEqual(INVARIANTS);
  });
});

describe("the search for marks", () => {
  const file = (text: string, path = "packages/core/src/a.ts") => [{ path, text }];
  const I1 = (text: string, path?: string) => invariantPlaces(file(text, path)).find(({ id }) => id === "I1");

  test("tells product source, checks and the rest apart", () => {
    const path = "packages/core/src/a.ts";
    expect(I1("// I1 no false death: here")).toMatchObject({ keptBy: [path], checkedBy: [] });
    expect(I1("// I1", "packages/core/src/a.test.ts")).toMatchObject({ keptBy: [], checkedBy: [expect.anything()] });
    expect(I1('id: "I1"', "simulation/checkers/i1-a.ts")?.checkedBy).toHaveLength(1);
    expect(I1("I1", "simulation/mutants/mutants.ts")).toMatchObject({ keptBy: [], checkedBy: [] });
    expect(I1("// I16 no cross-chain revival")).toMatchObject({ keptBy: [], checkedBy: [] });
  });

  test.each(["// I17 something else", "// I0 nothing", "// I2 no false death", "// kept by I2", "// I2"])(
    "finds: %s",
    (text) => {
      expect(wrongMarks(file(text))).toHaveLength(1);
    },
  );

  test.each(["// I2 durable knowledge: kept", "const I = 3;", "// UI2, I2C", "// Item I"])("passes: %s", (text) => {
    expect(wrongMarks(file(text))).toEqual([]);
  });
});
