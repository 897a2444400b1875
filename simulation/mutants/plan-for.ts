import { drawPlan } from "../plan/draw-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Mutant } from "./mutant.ts";

/** The world in which a mutant has to show itself: drawn from the seed, but for what the mutant asks for. */
export function planFor(mutant: Mutant, seed: number): Plan {
  return { ...drawPlan(seed, { nodes: 3 }), ...mutant.world, seed };
}
