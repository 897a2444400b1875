import { CHECKERS } from "../checkers/all.ts";
import { runPlan } from "../run-plan.ts";
import { MUTANTS } from "./mutants.ts";
import { planFor } from "./plan-for.ts";

/** Runs in a child process whose sources are patched: looks for the first seed on which the named checker sees the mutant. */
Error.stackTraceLimit = 0;
const mutant = MUTANTS.find(({ name }) => name === process.env["SIMULATION_MUTANT"]);
if (mutant === undefined) throw new Error("no such mutant");
const checker = CHECKERS.find(({ id }) => id === mutant.caughtBy);
if (checker === undefined) throw new Error(`no checker ${mutant.caughtBy}`);
let caughtOn: number | null = null;
for (let seed = 1; seed <= mutant.seeds && caughtOn === null; seed += 1) {
  const seen = await runPlan(planFor(mutant, seed), { checkers: [checker] }).then(
    ({ violations }) => violations.length > 0,
    () => false,
  );
  if (seen) caughtOn = seed;
}
process.stdout.write(`${JSON.stringify({ name: mutant.name, caughtOn })}\n`);
process.exit(0);
