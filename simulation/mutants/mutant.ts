import type { InvariantId } from "../checkers/checker.ts";
import type { Plan } from "../plan/plan.ts";

/** A bug planted into real source: text that stands there exactly once, and what it becomes. */
export interface Mutant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The checker that must see it. */
  readonly caughtBy: InvariantId;
  /** What the worlds are like in which it shows; the rest is drawn from the seeds. */
  readonly world: Partial<Plan>;
  /** Seeds 1 to this number are tried, until one shows it. */
  readonly seeds: number;
}
