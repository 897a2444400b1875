import type { Advanced } from "../advance.ts";
import {
  accepts,
  askRefresh,
  type Grant,
  patchSwitches,
  type RefreshDecision,
  revokeGrant,
  type ScheduledEvent,
  type Switches,
  schedule,
  switchProblems,
  type Turn,
  type VerifyReport,
  verify,
} from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import type { Follower, Followers } from "../followers.ts";
import type { JournalEntry } from "../request-journal.ts";
import type { World } from "../world.ts";
import { type AppControl, createAppControl } from "./app-control.ts";
import { type CustomConnectionControl, createCustomConnectionControl } from "./custom-connection-control.ts";
import { createFaultControl, type FaultControl } from "./fault-control.ts";
import { type AdvanceInput, inputs, type ScheduleInput, type TokenQuestionInput, type TreesInput } from "./inputs.ts";
import { bounded, durationMs, instantMs } from "./instants.ts";
import { createKeyControl, type KeyControl } from "./key-control.ts";
import { createLimitsControl, type LimitsControl } from "./limits-control.ts";
import { parseInput } from "./parse-input.ts";
import { createPeopleControl, type PeopleControl } from "./people-control.ts";
import { type GrantView, grantView, type RedactedState, redactedState } from "./redacted-state.ts";
import { createSnapshotControl, type SnapshotControl, type SnapshotParts } from "./snapshot-control.ts";
import { type TokenTree, tokenTrees } from "./token-trees.ts";
import { createWebhookControl, type WebhookControl } from "./webhook-control.ts";

export interface ClockState {
  readonly nowMs: number;
  readonly now: string;
  readonly offsetMs: number;
  readonly followers: readonly Follower[];
}

export interface TokenVerdict {
  readonly accepted: boolean;
  readonly decision: RefreshDecision;
}

/** Everything a test can do to a sandbox. The HTTP control API under `/__sandbox/` is these methods. All throw `SandboxError`. */
export interface Control
  extends AppControl,
    CustomConnectionControl,
    FaultControl,
    KeyControl,
    LimitsControl,
    PeopleControl,
    SnapshotControl,
    WebhookControl {
  /** The whole ledger without secrets. */
  state(): RedactedState;
  /** Back to the demo data and the first switches. The clock and the signing keys stay. */
  reset(): void;
  clock(): ClockState;
  advance(input: AdvanceInput): Promise<Advanced>;
  /** Puts an event on the calendar; the clock stops at it on its way. */
  schedule(input: ScheduleInput): ScheduledEvent;
  /** The journal of requests, oldest first. */
  requests(): readonly JournalEntry[];
  clearRequests(): void;
  switches(): Switches;
  setSwitches(patch: Partial<Switches>): Switches;
  verify(): VerifyReport;
  /** Whether a refresh token would be accepted now. Uses nothing up. */
  tokenAccepted(input: TokenQuestionInput): TokenVerdict;
  grants(): readonly Grant[];
  grant(grantId: string): GrantView;
  /** The families of tokens, the newest first; `atMost` of them. */
  trees(input?: TreesInput): readonly TokenTree[];
  /** Ends a grant with its tokens and connections. */
  revokeGrant(grantId: string): GrantView;
}

export interface ControlParts {
  readonly world: World;
  readonly followers: Followers;
  readonly advance: (targetMs: number) => Promise<Advanced>;
  /** Empties the ledger and seeds it again, inside the given transaction. */
  readonly reseed: (turn: Turn) => void;
  readonly snapshots: SnapshotParts;
}

export function createControl(parts: ControlParts): Control {
  const { world, followers } = parts;
  const { engine, clock } = world;
  const inTurn = <R>(work: (turn: Turn) => R): R => engine.run(clock.nowMs(), work);
  const grant = (grantId: string): GrantView => {
    const found = grantView(engine.view, grantId);
    if (found === null) throw new SandboxError("not_found", "There is no grant with that id.");
    return found;
  };
  return {
    ...createAppControl(inTurn),
    ...createCustomConnectionControl(inTurn, world.ownOrigin),
    ...createWebhookControl(inTurn),
    ...createLimitsControl(inTurn),
    ...createFaultControl(world.faults, inTurn),
    ...createPeopleControl(inTurn),
    ...createKeyControl(world),
    ...createSnapshotControl(parts.snapshots),
    state: () => inTurn((turn) => redactedState(turn.draft)),
    reset() {
      inTurn(parts.reseed);
      world.faults.clear();
      world.journal.clear();
    },
    clock: () => ({
      nowMs: clock.nowMs(),
      now: new Date(clock.nowMs()).toISOString(),
      offsetMs: clock.offsetMs(),
      followers: followers.list(),
    }),
    advance: async (input) => parts.advance(targetMs(input, clock.nowMs())),
    schedule: (input) => inTurn((turn) => putOnCalendar(turn, input)),
    requests: () => world.journal.list(),
    clearRequests: () => world.journal.clear(),
    switches: () => engine.switches(),
    setSwitches(patch) {
      inTurn((turn) => patchSwitches(turn.draft, checkedPatch(patch)));
      return engine.switches();
    },
    verify: () => inTurn((turn) => verify(turn.draft, turn.nowMs, turn.switches)),
    tokenAccepted: (input) => inTurn((turn) => judge(turn, input)),
    grants: () => inTurn((turn) => [...turn.draft.all("grants")]),
    grant,
    trees: (input = {}) => inTurn((turn) => tokenTrees(turn, parseInput(inputs.trees, input).atMost)),
    revokeGrant(grantId) {
      if (!inTurn((turn) => revokeGrant(turn, grantId, "operator")))
        throw new SandboxError("not_found", "There is no grant with that id.");
      return grant(grantId);
    },
  };
}

function targetMs(input: AdvanceInput, nowMs: number): number {
  const wanted = parseInput(inputs.advance, input);
  return "to" in wanted ? instantMs(wanted.to) : bounded(nowMs + durationMs(wanted.by));
}

function putOnCalendar(turn: Turn, input: ScheduleInput): ScheduledEvent {
  const { at, action } = parseInput(inputs.schedule, input);
  const atMs = instantMs(at);
  if (atMs < turn.nowMs) throw new SandboxError("clock_backwards", "An event cannot be put into the past.");
  return schedule(turn, atMs, action);
}

function checkedPatch(patch: unknown): Partial<Switches> {
  const wanted = parseInput(inputs.switches, patch);
  const problems = switchProblems(wanted);
  if (problems.length > 0)
    throw new SandboxError(
      "unknown_switch_value",
      problems
        .slice(0, 5)
        .map((problem) => problem.sentence)
        .join(" "),
    );
  return wanted as Partial<Switches>;
}

function judge(turn: Turn, input: TokenQuestionInput): TokenVerdict {
  const question = parseInput(inputs.tokenQuestion, input);
  const hash = "token" in question ? turn.mint.hash(question.token) : question.refreshTokenHash.toLowerCase();
  const decision = askRefresh(turn.draft, { hash, nowMs: turn.nowMs, switches: turn.switches });
  return { accepted: accepts[decision.kind], decision };
}
