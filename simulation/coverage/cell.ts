import type { CrashOutcome, CrashPoint } from "../plan/plan.ts";
import type { ModeName } from "../world/modes.ts";

/** One cell of the matrix: a process ended at this point, in this mode, while its attempt stood so. */
export interface Cell {
  readonly point: CrashPoint;
  readonly mode: ModeName;
  readonly outcome: CrashOutcome;
}
