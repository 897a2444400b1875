import type { Turn } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import { faultProblem } from "../fault-table.ts";
import type { Fault, Faults } from "../faults.ts";
import { type DropNextRefreshInput, type FaultInput, inputs } from "./inputs.ts";
import { parseInput } from "./parse-input.ts";

export interface FaultControl {
  /** The placed faults, with how often each matched and hit. */
  faults(): readonly Fault[];
  /** Throws `fault_impossible` where the action cannot be at that point of that endpoint. */
  placeFault(input: FaultInput): Fault;
  /** The next refresh of an app, a person, a grant, or of anybody: it is committed, and its answer is lost. */
  dropNextRefresh(input?: DropNextRefreshInput): Fault;
  removeFault(id: string): void;
  clearFaults(): void;
}

/** The part of the control API that is about faults. */
export function createFaultControl(faults: Faults, inTurn: <R>(work: (turn: Turn) => R) => R): FaultControl {
  return {
    faults: () => faults.list(),
    placeFault(input) {
      const plan = parseInput(inputs.fault, input);
      const problem = faultProblem(plan);
      if (problem !== null) throw new SandboxError("fault_impossible", problem);
      return faults.place(plan);
    },
    dropNextRefresh(input = {}) {
      const who = inTurn((turn) => knownOnes(turn, input));
      return faults.place({
        endpoint: "token",
        grantType: "refresh_token",
        ...who,
        point: "after-commit-before-headers",
        action: { kind: "drop" },
      });
    },
    removeFault(id) {
      if (!faults.remove(id)) throw new SandboxError("not_found", "There is no fault with that id.");
    },
    clearFaults: () => faults.clear(),
  };
}

/** A fault for somebody who does not exist would wait for ever, so they have to. Throws `not_found`. */
function knownOnes(turn: Turn, input: DropNextRefreshInput) {
  const { clientId, email, grantId, ...rest } = parseInput(inputs.dropNextRefresh, input);
  const userId = email === undefined ? rest.userId : userOf(turn, email);
  const known = {
    app: clientId === undefined || turn.draft.get("apps", clientId) !== undefined,
    user: userId === undefined || turn.draft.get("users", userId) !== undefined,
    grant: grantId === undefined || turn.draft.get("grants", grantId) !== undefined,
  };
  for (const [what, isThere] of Object.entries(known))
    if (!isThere) throw new SandboxError("not_found", `There is no such ${what}. Leave it out to hit any.`);
  return { clientId, userId, grantId };
}

function userOf(turn: Turn, email: string): string {
  const user = [...turn.draft.all("users")].find((each) => each.email.toLowerCase() === email.toLowerCase());
  if (user === undefined) throw new SandboxError("not_found", `There is no user ${email}.`);
  return user.id;
}
