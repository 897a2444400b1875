import { Coverage } from "../coverage/cells.ts";
import type { Plan } from "../plan/plan.ts";
import { runPlan } from "../run-plan.ts";
import { describe } from "../world/history.ts";
import { START_MS } from "../world/world.ts";
import { NOTHING, type Tally, together } from "./tally.ts";

/** Lives many plans through, one after the other, and adds up. */
export async function runPlans(plans: Iterable<Plan>, onRun: (tally: Tally) => void = () => undefined): Promise<Tally> {
  let sum = NOTHING;
  const begunCpu = process.cpuUsage();
  for (const plan of plans) {
    sum = together(sum, await runOne(plan));
    onRun(sum);
  }
  const { user, system } = process.cpuUsage(begunCpu);
  return { ...sum, cpuSeconds: (user + system) / 1e6 };
}

async function runOne(plan: Plan): Promise<Tally> {
  const coverage = new Coverage();
  const outcome = await runPlan(plan, {
    onCrashAtPoint: (point, crashOutcome) => coverage.reach({ point, mode: plan.mode, outcome: crashOutcome }),
  });
  const { violations } = outcome;
  const lastEvents = outcome.lastEvents.map((event) => describe(event, START_MS));
  return {
    ...NOTHING,
    seeds: 1,
    connectionDays: outcome.connectionDays,
    rotations: outcome.rotations,
    lostGrants: outcome.lostGrants,
    excusedLosses: outcome.excusedLosses,
    falseDeaths: outcome.falseDeaths,
    failures: violations.length === 0 ? [] : [{ plan, violations, lastEvents }],
    cells: coverage.names,
  };
}
