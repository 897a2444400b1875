import type { Control } from "../control/control.ts";

export const DESK_PATH = "/__sandbox/desk";

/** What the desk's page is made from. */
export interface DeskVisit {
  readonly control: Control;
  readonly nowMs: number;
  /** What a form held that was refused; empty where nothing was. */
  value(name: string): string;
}
