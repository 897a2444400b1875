import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runPlan } from "../run-plan.ts";
import type { Mutant } from "./mutant.ts";
import { planFor } from "./plan-for.ts";

const HERE = new URL(".", import.meta.url);
const PATIENCE_MS = 60_000;

/** What became of one mutant. `caught`: by its own checker, on a seed where the real source passes. */
export interface Hunted {
  readonly name: string;
  readonly caught: boolean;
  readonly why: string;
}

/** Hunts each mutant in a process of its own, two at a time. */
export async function hunt(mutants: readonly Mutant[], onHunted: (hunted: Hunted) => void): Promise<readonly Hunted[]> {
  const queue = [...mutants];
  const found: Hunted[] = [];
  const worker = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const hunted = await huntOne(mutant);
      found.push(hunted);
      onHunted(hunted);
    }
  };
  await Promise.all([worker(), worker()]);
  return found;
}

async function huntOne(mutant: Mutant): Promise<Hunted> {
  const { name } = mutant;
  const { code, output, errors } = await runChild(name);
  if (code !== 0) return { name, caught: false, why: `its process ended with ${code}: ${errors.trim().slice(-300)}` };
  const { caughtOn } = JSON.parse(output.trim().split("\n").at(-1) ?? "{}") as { caughtOn: number | null };
  if (caughtOn === null)
    return { name, caught: false, why: `${mutant.caughtBy} saw nothing on seeds 1 to ${mutant.seeds}` };
  const { violations } = await runPlan(planFor(mutant, caughtOn));
  return violations.length === 0
    ? { name, caught: true, why: `${mutant.caughtBy}, seed ${caughtOn}` }
    : { name, caught: false, why: `the real source fails on seed ${caughtOn} as well: ${violations[0]?.what ?? ""}` };
}

function runChild(name: string): Promise<{ code: number | null; output: string; errors: string }> {
  const file = (path: string) => fileURLToPath(new URL(path, HERE));
  const child = spawn(
    process.execPath,
    ["--conditions=@evergrant/source", "--import", file("patch-loader.ts"), file("try-mutant.ts")],
    { env: { ...process.env, SIMULATION_MUTANT: name }, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output, errors })));
}
