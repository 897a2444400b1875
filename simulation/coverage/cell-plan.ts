import type { CrashOutcome, PlacedFault, Plan, Rates } from "../plan/plan.ts";
import type { Cell } from "./cells.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A small world in which a process is bound to end in this cell, if it can. */
export function cellPlan(cell: Cell, seed: number): Plan {
  return {
    seed,
    mode: cell.mode,
    lives: "short",
    nodes: 1 + (seed % 2),
    connections: 2,
    hot: 2,
    pace: "lively",
    chaosMs: 6 * HOUR_MS,
    skewMs: 1_000,
    rates: ratesFor(cell.outcome),
    faults: [...armings(cell), ...otherFaults(cell.outcome)].toSorted((a, b) => a.atMs - b.atMs),
  };
}

function armings({ point, outcome }: Cell): readonly PlacedFault[] {
  return [0, 1].map((node) => ({
    kind: "crash-at-point",
    atMs: 10 * MINUTE_MS,
    node,
    point,
    outcome: point === "replay" || outcome !== "pending" ? outcome : "pending",
    downMs: 20_000,
  }));
}

function ratesFor(outcome: CrashOutcome): Rates {
  switch (outcome) {
    case "ambiguous":
      return { "error-after-execute": 0.5, "error-before-execute": 0.2 };
    case "rejected":
      return { "spurious-refusal": 0.5 };
    case "not-executed":
      return { "rate-limited": 0.5 };
    case "pending":
    case "success":
    case "app-error":
      return {};
  }
}

function otherFaults(outcome: CrashOutcome): readonly PlacedFault[] {
  return outcome === "app-error" ? [{ kind: "secret-replaced", atMs: 15 * MINUTE_MS, toldAfterMs: 2 * HOUR_MS }] : [];
}
