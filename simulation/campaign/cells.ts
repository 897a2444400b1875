import { cellPlan } from "../coverage/cell-plan.ts";
import { CELLS, type Cell, Coverage } from "../coverage/cells.ts";
import { runPlans } from "./run-plans.ts";
import { NOTHING, type Tally, together } from "./tally.ts";

const TRIES = 4;

/** Goes to every cell of the matrix that `reached` does not name, in small worlds of its own. */
export async function runCells(reached: readonly string[], cells: readonly Cell[] = CELLS): Promise<Tally> {
  const coverage = new Coverage();
  coverage.take(reached);
  let sum = NOTHING;
  for (const cell of cells)
    for (let seed = 1; seed <= TRIES && !coverage.has(cell); seed += 1) {
      const tally = await runPlans([cellPlan(cell, seed)]);
      coverage.take(tally.cells);
      sum = together(sum, tally);
    }
  return sum;
}
