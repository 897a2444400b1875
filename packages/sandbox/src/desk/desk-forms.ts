import type { Control } from "../control/control.ts";
import type { AdvanceInput, FaultInput } from "../control/inputs.ts";
import type { RestoreInput } from "../control/snapshot-control.ts";
import { FAULT_FIELDS } from "./fault-section.ts";

/** The fields of a form that are filled in. */
export type Fields = ReadonlyMap<string, string>;

export interface DeskForm {
  /** The section that shows what came of it. */
  readonly section: string;
  act(control: Control, fields: Fields): unknown;
}

/** Every form of the page, by path: each is one call of the control API, which checks what it gets. */
export const DESK_FORMS: Readonly<Record<string, DeskForm>> = {
  "clock/advance": { section: "clock", act: (control, fields) => control.advance(advanceOf(fields)) },
  faults: { section: "faults", act: (control, fields) => control.placeFault(faultOf(fields)) },
  "faults/drop-next-refresh": {
    section: "faults",
    act: (control, fields) => control.dropNextRefresh(Object.fromEntries(fields)),
  },
  "faults/remove": { section: "faults", act: (control, fields) => control.removeFault(fields.get("id") ?? "") },
  "faults/clear": { section: "faults", act: (control) => control.clearFaults() },
  "requests/clear": { section: "requests", act: (control) => control.clearRequests() },
  "grants/revoke": { section: "trees", act: (control, fields) => control.revokeGrant(fields.get("grantId") ?? "") },
  "connections/disconnect": { section: "people", act: (control, fields) => control.disconnect(fields.get("id") ?? "") },
  "snapshots/keep": { section: "snapshots", act: (control, fields) => control.keepSnapshot(fields.get("name") ?? "") },
  "snapshots/remove": {
    section: "snapshots",
    act: (control, fields) => control.removeSnapshot(fields.get("name") ?? ""),
  },
  "snapshots/restore": {
    section: "snapshots",
    act: (control, fields) => control.restore(Object.fromEntries(fields) as unknown as RestoreInput),
  },
  reset: { section: "clock", act: (control) => control.reset() },
};

// A form's fields have no types; the control API says what is wrong with what is not a number.
const typed = (name: string, value: string): unknown =>
  numbers.has(name) && value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;

const numbers = new Set(FAULT_FIELDS.filter(({ number }) => number).map(({ name }) => name));

const advanceOf = (fields: Fields): AdvanceInput => Object.fromEntries(fields) as AdvanceInput;

function faultOf(fields: Fields): FaultInput {
  const kind = fields.get("action") ?? "";
  const ofAction = new Map(FAULT_FIELDS.map(({ name, of }) => [name, of as readonly string[] | undefined]));
  const entries = [...fields].map(([name, value]) => [name, typed(name, value)] as const);
  const action = entries.filter(([name]) => ofAction.get(name)?.includes(kind) === true);
  const rest = entries.filter(([name]) => name !== "action" && ofAction.get(name) === undefined);
  // In a field "until it is removed" is 0.
  const plan = Object.fromEntries(rest.map(([name, value]) => [name, name === "times" && value === 0 ? null : value]));
  return { ...plan, action: { kind, ...Object.fromEntries(action) } } as unknown as FaultInput;
}
