import { CRASH_POINTS } from "../plan/draw-plan.ts";
import { CRASH_OUTCOMES } from "../plan/plan.ts";
import { MODE_NAMES } from "../world/modes.ts";
import type { Cell } from "./cell.ts";
import { reasonAgainst } from "./not-applicable.ts";

export type { Cell };

/** Every cell that a run has to reach. */
export const CELLS: readonly Cell[] = CRASH_POINTS.flatMap((point) =>
  MODE_NAMES.flatMap((mode) => CRASH_OUTCOMES.map((outcome) => ({ point, mode, outcome }))),
).filter((cell) => reasonAgainst(cell) === null);

export function cellName({ point, mode, outcome }: Cell): string {
  return `${point} × ${mode} × ${outcome}`;
}

/** Which cells have been reached, and which never were. */
export class Coverage {
  readonly #reached = new Set<string>();

  reach(cell: Cell): void {
    this.#reached.add(cellName(cell));
  }

  take(names: Iterable<string>): void {
    for (const name of names) this.#reached.add(name);
  }

  get names(): readonly string[] {
    return [...this.#reached];
  }

  has(cell: Cell): boolean {
    return this.#reached.has(cellName(cell));
  }

  missing(): readonly Cell[] {
    return CELLS.filter((cell) => !this.has(cell));
  }
}
