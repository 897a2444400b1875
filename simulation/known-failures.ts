import type { InvariantId } from "./checkers/checker.ts";

/** A seed that fails for a reason that somebody has looked at. The list shrinks; a seed leaves it when its reason is mended. */
export interface KnownFailure {
  readonly seed: number;
  readonly invariants: readonly InvariantId[];
  readonly reason: string;
}

export function isKnown(known: readonly KnownFailure[], seed: number): boolean {
  return known.some((failure) => failure.seed === seed);
}
