import { type Remaining, readMeter, setMeter } from "../accounting/rate-limits.ts";
import type { Turn } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import { inputs, type SetLimitsInput } from "./inputs.ts";
import { parseInput } from "./parse-input.ts";

/** What is left of one app's calls to one organisation in the running windows. */
export interface LimitState extends Remaining {
  readonly clientId: string;
  readonly organisationId: string;
}

export interface LimitsControl {
  /** Every app and organisation that calls were counted for. */
  limits(): readonly LimitState[];
  /** Sets what is left in the running minute and day; 0 drains. */
  setLimits(input: SetLimitsInput): LimitState;
}

/** The part of the control API that is about rate limits. */
export function createLimitsControl(inTurn: <R>(work: (turn: Turn) => R) => R): LimitsControl {
  return {
    limits: () => inTurn(countedMeters),
    setLimits: (input) => inTurn((turn) => setLimits(turn, input)),
  };
}

function countedMeters(turn: Turn): readonly LimitState[] {
  const apps = [...turn.draft.all("apps")];
  const organisations = [...turn.draft.all("organisations")];
  return apps.flatMap(({ clientId }) =>
    organisations
      .filter(({ id }) => turn.draft.get("apiUsage", `${clientId}:${id}`) !== undefined)
      .map(({ id }) => ({ clientId, organisationId: id, ...readMeter(turn, { clientId, organisationId: id }) })),
  );
}

function setLimits(turn: Turn, input: SetLimitsInput): LimitState {
  const { clientId, organisationId, ...remaining } = parseInput(inputs.setLimits, input);
  const app = turn.draft.get("apps", clientId);
  if (app === undefined) throw new SandboxError("not_found", "There is no app with that client id.");
  if (turn.draft.get("organisations", organisationId) === undefined)
    throw new SandboxError("not_found", "There is no organisation with that id.");
  const meter = { clientId, organisationId };
  setMeter(turn, meter, remaining);
  return { ...meter, ...readMeter(turn, meter) };
}
