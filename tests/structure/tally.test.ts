import { describe, expect, test } from "vitest";
import { closingLine, tally } from "../../tools/tally.ts";

const file = { file: "a.test.ts", state: "passed", loadErrors: 0 };

describe("the closing line", () => {
  test("adds passed, failed and skipped tests and keeps the reason of a skip", () => {
    const tests = [
      { name: "works", state: "passed" },
      { name: "breaks", state: "failed" },
      { name: "needs nginx", state: "skipped", reason: "no nginx here" },
    ];
    const counted = tally([{ ...file, state: "failed", tests }], 0);
    expect(closingLine(counted)).toBe("1 passed, 1 failed, 1 skipped");
    expect(counted.skipped).toEqual([{ name: "a.test.ts > needs nginx", reason: "no nginx here" }]);
  });

  test("has no word of skips when there are none", () => {
    const counted = tally([{ ...file, tests: [{ name: "works", state: "passed" }] }], 0);
    expect(closingLine(counted)).toBe("1 passed, 0 failed");
  });

  test.each([
    ["no file at all", [], 0],
    ["a file without a test", [{ ...file, tests: [] }], 0],
    ["a file that does not load", [{ ...file, state: "failed", loadErrors: 1, tests: [] }], 0],
    [
      "a hook that throws after all tests passed",
      [{ ...file, state: "failed", tests: [{ name: "works", state: "passed" }] }],
      0,
    ],
    ["a test that never ended", [{ ...file, state: "pending", tests: [{ name: "hangs", state: "pending" }] }], 0],
    ["an error outside any test", [{ ...file, tests: [{ name: "works", state: "passed" }] }], 1],
  ])("counts %s as one failure", (_name, files, unhandledErrors) => {
    expect(tally(files, unhandledErrors).failed).toBe(1);
  });
});
