import { describe, expect, test } from "vitest";
import { linesWith, productSource } from "./source-files.ts";

const AMBIENT =
  /\bDate\.now\(|\bnew Date\(\)|\bDate\(\)|\bMath\.random\(|\brandom(Bytes|UUID|Int|Fill|FillSync)\(|\bgetRandomValues\(|\bset(Timeout|Interval|Immediate)\(|\bperformance\.now\(|\bhrtime\b|node:timers/;
const PROVIDER_ID = /["'`]xero\b/i;
const EMPTY_NAMES = /(^|[/-])(utils?|helpers?|managers?|common|misc)([-./]|$)/;

describe("product source", () => {
  const files = productSource();

  test("is found", () => {
    expect(files.length).toBeGreaterThan(0);
  });

  test("reads clock, chance and timers in real-time.ts alone, one per package", () => {
    const elsewhere = files.filter(({ path }) => !/^packages\/[^/]+\/src\/real-time\.ts$/.test(path));
    expect(linesWith(elsewhere, AMBIENT)).toEqual([]);
  });

  test("names a provider in provider data alone", () => {
    const shared = files.filter(
      ({ path }) =>
        /^packages\/(core|keeper|server|contract)\//.test(path) && !path.startsWith("packages/keeper/src/providers/"),
    );
    expect(linesWith(shared, PROVIDER_ID)).toEqual([]);
  });

  test("has no file with a name that says nothing", () => {
    expect(files.map(({ path }) => path).filter((path) => EMPTY_NAMES.test(path))).toEqual([]);
  });
});

describe("the search itself", () => {
  const found = (line: string): number => linesWith([{ path: "a.ts", lines: [line] }], AMBIENT).length;

  test.each([
    "const now = Date.now();",
    "const today = new Date();",
    "return Math.random() < 0.5;",
    "const id = crypto.randomUUID();",
    "const key = randomBytes(32);",
    "setTimeout(fire, 10);",
    "globalThis.setInterval(fire, 10);",
    "const started = performance.now();",
    'import { setTimeout as pause } from "node:timers/promises";',
  ])("finds: %s", (line) => {
    expect(found(line)).toBe(1);
  });

  test.each([
    "const at = new Date(nowMs);",
    "time.setTimer(10, fire);",
    "// Date.now() would be wrong here",
    "socket.setTimeoutMs = 10;",
  ])("passes: %s", (line) => {
    expect(found(line)).toBe(0);
  });
});
