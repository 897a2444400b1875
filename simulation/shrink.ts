import type { InvariantId } from "./checkers/checker.ts";
import { type Plan, RATE_NAMES } from "./plan/plan.ts";
import { runPlan } from "./run-plan.ts";

const TRIES_AT_MOST = 150;

/** Makes a failing plan shorter while it still fails: fewer faults, rates, nodes, connections, hours. */
export async function shrink(plan: Plan, stillFails: (candidate: Plan) => Promise<boolean>): Promise<Plan> {
  let tries = 0;
  const fails = async (candidate: Plan): Promise<boolean> => {
    tries += 1;
    return tries <= TRIES_AT_MOST && (await stillFails(candidate));
  };
  let best = plan;
  for (let before: Plan | null = null; before !== best && tries <= TRIES_AT_MOST; ) {
    before = best;
    best = await fewerFaults(best, fails);
    for (const smaller of REDUCTIONS) {
      const candidate = smaller(best);
      if (candidate !== best && (await fails(candidate))) best = candidate;
    }
  }
  return best;
}

/** Whether a plan still violates this invariant: what a violation is shrunk by. */
export function violates(invariant: InvariantId): (plan: Plan) => Promise<boolean> {
  return async (plan) => {
    const { violations } = await runPlan(plan).catch(() => ({ violations: [] }));
    return violations.some((violation) => violation.invariant === invariant);
  };
}

// Delta debugging (Zeller): drop halves, then quarters, and so on down to single faults.
async function fewerFaults(plan: Plan, fails: (candidate: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  for (let size = Math.ceil(best.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.faults.length; ) {
      const candidate = { ...best, faults: [...best.faults.slice(0, at), ...best.faults.slice(at + size)] };
      if (await fails(candidate)) best = candidate;
      else at += size;
    }
  }
  return best;
}

/** One step towards less, each; the plan itself where there is nothing to take away. */
const REDUCTIONS: readonly ((plan: Plan) => Plan)[] = [
  ...RATE_NAMES.map((name) => (plan: Plan) => {
    if (plan.rates[name] === undefined) return plan;
    const { [name]: _dropped, ...rates } = plan.rates;
    return { ...plan, rates };
  }),
  (plan) => (plan.nodes > 1 ? { ...plan, nodes: plan.nodes - 1 } : plan),
  (plan) => (plan.hot > 1 ? { ...plan, hot: Math.ceil(plan.hot / 2) } : plan),
  (plan) => (plan.connections > plan.hot ? { ...plan, connections: Math.ceil(plan.connections / 2) } : plan),
  (plan) => (plan.skewMs > 0 ? { ...plan, skewMs: 0 } : plan),
  (plan) => {
    const chaosMs = Math.max(plan.faults.at(-1)?.atMs ?? 0, Math.floor(plan.chaosMs / 2), 3_600_000);
    return chaosMs < plan.chaosMs ? { ...plan, chaosMs } : plan;
  },
];
