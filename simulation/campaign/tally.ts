import type { Violation } from "../checkers/checker.ts";
import type { Plan } from "../plan/plan.ts";

/** A plan under which something was violated, with the first violation and the last events before it. */
export interface Failure {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly lastEvents: readonly string[];
}

/** What many runs came to. Plain data: it crosses from a child process as one line of JSON. */
export interface Tally {
  readonly seeds: number;
  readonly connectionDays: number;
  readonly rotations: number;
  readonly cpuSeconds: number;
  readonly lostGrants: number;
  readonly excusedLosses: number;
  readonly falseDeaths: number;
  readonly failures: readonly Failure[];
  readonly cells: readonly string[];
}

export const NOTHING: Tally = {
  seeds: 0,
  connectionDays: 0,
  rotations: 0,
  cpuSeconds: 0,
  lostGrants: 0,
  excusedLosses: 0,
  falseDeaths: 0,
  failures: [],
  cells: [],
};

export function together(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    connectionDays: a.connectionDays + b.connectionDays,
    rotations: a.rotations + b.rotations,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    lostGrants: a.lostGrants + b.lostGrants,
    excusedLosses: a.excusedLosses + b.excusedLosses,
    falseDeaths: a.falseDeaths + b.falseDeaths,
    failures: [...a.failures, ...b.failures],
    cells: [...new Set([...a.cells, ...b.cells])],
  };
}
