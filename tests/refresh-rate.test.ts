import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

interface Side {
  readonly perSecond: number;
  readonly cpuMsEach: number;
}
type Result = Readonly<Record<"sandbox" | "oidc-provider", Side>>;
interface Report {
  readonly results: Readonly<Record<"sequential" | "50 at once", Result>>;
  readonly sandboxStartToFirstTokenMs: number;
}

/** Compared within one run, and told; a time of the machine decides nothing. */
test("the sandbox and oidc-provider refresh side by side, one chain and fifty at once, and what each took is told", async () => {
  const args = ["--conditions=@evergrant/source", "benchmarks/refresh-rate.ts", "--json", "--rounds", "1"];
  const run = await promisify(execFile)(process.execPath, [...args, "--seconds", "0.6"], { cwd: ROOT });
  const { results, sandboxStartToFirstTokenMs } = JSON.parse(run.stdout) as Report;
  for (const [way, { sandbox, "oidc-provider": other }] of Object.entries(results)) {
    for (const side of [sandbox, other]) {
      expect(side.perSecond).toBeGreaterThan(0);
      expect(side.cpuMsEach).toBeGreaterThan(0);
    }
    console.info(`${way}: ${(other.cpuMsEach / sandbox.cpuMsEach).toFixed(2)} times oidc-provider's for a CPU second`);
  }
  expect(sandboxStartToFirstTokenMs).toBeGreaterThan(0);
  console.info(`${sandboxStartToFirstTokenMs} ms from start to the first tokens of a consent`);
});
