import type { Laws } from "./plan.ts";
import type { World } from "./world.ts";

/** One kind of step: when it can be taken, what it does, and how a reader is told. `subject` is a node or a message. */
export interface Rule {
  readonly can: (world: World, subject: number, laws: Laws) => boolean;
  readonly does: (world: World, subject: number, laws: Laws) => void;
  /** Told from the world before the step. */
  readonly says: (world: World, subject: number, laws: Laws) => string;
}

export const nodeName = (node: number): string => (node === 0 ? "A" : "B");
