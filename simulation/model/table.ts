import { ABLATIONS, type AblationName } from "./ablations.ts";
import { check } from "./check.ts";
import { FAULT_PAIRS, type Faults, SINGLE_FAULTS } from "./faults.ts";
import type { InvariantName, Plan } from "./plan.ts";
import type { ProviderMode } from "./provider-mode.ts";
import type { Ticks } from "./ticks.ts";

/** How far a cell of the table is searched. */
export interface Bounds {
  readonly ticks: Ticks;
  /** Every fault plan is searched with 1, 2, … up to this many scheduled refreshes. */
  readonly refreshes: number;
  /** By search; a cell has one search per fault plan and number of refreshes. */
  readonly maxStates: number;
}

/** What the search found for one row (an ingredient left out) under one provider mode. */
export type Cell = {
  readonly removed: AblationName;
  readonly mode: ProviderMode["name"];
  readonly states: number;
  readonly searches: number;
} & (
  | { readonly kind: "clean"; readonly exhausted: number }
  | {
      readonly kind: "violated";
      readonly invariant: InvariantName;
      readonly fault: string;
      readonly refreshes: number;
      readonly steps: readonly string[];
    }
);

/** Searches every fault plan of one cell, and keeps the shortest violation. */
export function searchCell(removed: AblationName, mode: ProviderMode, bounds: Bounds): Cell {
  const totals = { states: 0, searches: 0, exhausted: 0 };
  let shortest: Pick<Extract<Cell, { kind: "violated" }>, "invariant" | "fault" | "refreshes" | "steps"> | null = null;
  for (const { fault, plan } of plansOf(removed, mode, bounds)) {
    const verdict = check(plan);
    totals.searches++;
    totals.states += verdict.states;
    if (verdict.kind === "exhausted") totals.exhausted++;
    if (verdict.kind !== "violated") continue;
    const { invariant, steps } = verdict;
    if (shortest === null || steps.length < shortest.steps.length) {
      shortest = { invariant, fault, refreshes: plan.refreshes, steps };
    }
  }
  const { states, searches, exhausted } = totals;
  const found = { removed, mode: mode.name, states, searches };
  return shortest === null ? { ...found, kind: "clean", exhausted } : { ...found, kind: "violated", ...shortest };
}

/** The fault plans of one cell, by name. */
export function plansOf(
  removed: AblationName,
  mode: ProviderMode,
  bounds: Bounds,
): readonly { fault: string; plan: Plan }[] {
  const named: readonly (readonly [string, (ticks: Ticks) => Faults])[] = Object.entries({
    ...SINGLE_FAULTS,
    ...FAULT_PAIRS,
  });
  const counts = Array.from({ length: bounds.refreshes }, (_each, index) => index + 1);
  return named.flatMap(([fault, faults]) =>
    counts.map((refreshes) => ({
      fault,
      plan: {
        mode,
        protocol: ABLATIONS[removed],
        ticks: bounds.ticks,
        faults: faults(bounds.ticks),
        refreshes,
        reconsents: removed === "chain in the comparison" ? 1 : 0,
        secondConsent: "keeps-first",
        maxStates: bounds.maxStates,
      },
    })),
  );
}

/** A cell in a few words: the invariant, the fault and the length of the shortest history, or a dash. */
export function cellText(cell: Cell): string {
  switch (cell.kind) {
    case "violated":
      return `${cell.invariant.split(" ")[0]} / ${cell.fault} / ${cell.steps.length}`;
    case "clean":
      return cell.exhausted === cell.searches ? "– (all states)" : `– (${cell.exhausted} of ${cell.searches} in full)`;
  }
}
