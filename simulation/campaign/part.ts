import { parseArgs } from "node:util";
import { drawPlan, mixPlan } from "../plan/draw-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { runPlans } from "./run-plans.ts";

/** One part of a campaign, in a process of its own: writes its tally, so far and at last, as lines of JSON. */
Error.stackTraceLimit = 0;
const EVERY = 50;
const { values } = parseArgs({
  options: {
    from: { type: "string" },
    seeds: { type: "string" },
    step: { type: "string" },
    nodes: { type: "string" },
    mix: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const count = Number(values.seeds);
const step = Number(values.step ?? 1);
const options = { nodes: Number(values.nodes ?? 3) };

function* plans(): Iterable<Plan> {
  for (let index = 0; index < count; index += 1) {
    const seed = from + index * step;
    yield values.mix ? mixPlan(seed, options) : drawPlan(seed, options);
  }
}

const tally = await runPlans(plans(), (soFar) => {
  const { seeds, failures } = soFar;
  if (seeds % EVERY === 0)
    process.stdout.write(`${JSON.stringify({ kind: "progress", seeds, failing: failures.length })}\n`);
});
process.stdout.write(`${JSON.stringify({ kind: "tally", tally })}\n`, () => process.exit(0));
