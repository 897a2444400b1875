import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

interface Way {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly cpuMsEach: number;
}

test("the measurement of the gateway's hop runs, and every call through it is answered", ({ skip }) => {
  if (!existsSync("/proc/self/stat")) return skip("processor time of other processes is read from /proc");
  const program = join(import.meta.dirname, "gateway-hop/measure.ts");
  const options = ["--rounds", "1", "--seconds", "0.3"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@evergrant/source", program, ...options],
    { encoding: "utf8", timeout: 100_000 },
  );
  expect([status, stderr]).toEqual([0, ""]);
  const results = JSON.parse(stdout) as Record<string, { readonly direct: Way; readonly gateway: Way }>;
  expect(Object.keys(results)).toEqual(["1 at once", "16 at once"]);
  for (const { direct, gateway } of Object.values(results)) {
    // Told, not judged: a time of the machine decides nothing. A call that never came to the node would cost it nothing.
    for (const { perSecond, medianMs } of [direct, gateway]) expect(Math.min(perSecond, medianMs)).toBeGreaterThan(0);
    expect(gateway.cpuMsEach).toBeGreaterThan(0);
  }
});
