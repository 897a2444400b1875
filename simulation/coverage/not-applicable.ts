import type { CrashOutcome, CrashPoint } from "../plan/plan.ts";
import type { Cell } from "./cell.ts";

interface NotApplicable {
  readonly points: readonly CrashPoint[];
  readonly outcomes: readonly CrashOutcome[];
  readonly because: string;
}

/** Reviewed: cells that cannot exist. Whoever adds one says why. */
export const NOT_APPLICABLE: readonly NotApplicable[] = [
  {
    points: ["before-intent", "intent-written", "intent-journaled", "sent"],
    outcomes: ["success", "ambiguous", "rejected", "not-executed", "app-error"],
    because: "Nothing has been answered yet at these points: the attempt is pending.",
  },
  {
    points: ["received", "journaled", "settled", "settle-acknowledged"],
    outcomes: ["pending"],
    because: "These points come after the answer, or after the end of waiting for it, which has a class.",
  },
  {
    points: ["replay"],
    outcomes: ["pending"],
    because:
      "An intent without an answer is not written into the store by the replay: the schedule repeats its attempt.",
  },
];

/** Why a cell is left out; null where it has to be reached. */
export function reasonAgainst({ point, outcome }: Cell): string | null {
  const found = NOT_APPLICABLE.find(({ points, outcomes }) => points.includes(point) && outcomes.includes(outcome));
  return found?.because ?? null;
}
