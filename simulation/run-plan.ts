import { CHECKERS } from "./checkers/all.ts";
import type { Checker, Violation } from "./checkers/checker.ts";
import { type CrashOutcome, type CrashPoint, PACES, type Plan } from "./plan/plan.ts";
import { Auditor } from "./world/auditor.ts";
import { Callers } from "./world/callers.ts";
import type { Contender } from "./world/contender.ts";
import { Faults } from "./world/faults.ts";
import type { HistoryEvent } from "./world/history.ts";
import { keeperContender } from "./world/keeper-process.ts";
import { CANARY } from "./world/provider.ts";
import { HEARD_AFTER_MS, World } from "./world/world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const QUIET_TICK_MS = DAY_MS / 4;
/** When a fresh token is promised after the last fault, and when no doubt is left: one grace later. */
const FRESH_AFTER_MS = 10 * MINUTE_MS;
const CLEAR_AFTER_MS = FRESH_AFTER_MS + 31 * MINUTE_MS;
const COLD_ASK_EVERY_MS = 200;
const LAST_EVENTS = 30;

/** What became of one plan. */
export interface Outcome {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly lostGrants: number;
  /** Grants that died as their provider's rules, or the length of an outage, allowed nobody to prevent. */
  readonly excusedLosses: number;
  readonly falseDeaths: number;
  readonly connectionDays: number;
  readonly rotations: number;
  readonly historyHash: string;
  readonly events: number;
  readonly lastEvents: readonly HistoryEvent[];
}

export interface RunOptions {
  readonly checkers?: readonly Checker[];
  readonly contenderOf?: (world: World) => Contender;
  readonly onCrashAtPoint?: (point: CrashPoint, outcome: CrashOutcome) => void;
}

/** Lives one plan through: chaos with safety checked at each step, then healing, then liveness, then a quiet while for the idle ones. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<Outcome> {
  const contenderOf =
    options.contenderOf ??
    ((world: World) => keeperContender({ mode: world.mode, lives: plan.lives, looking: world.looking }));
  const world = new World(plan, contenderOf);
  const auditor = new Auditor(world);
  const found: Violation[] = [];
  let rotations = 0;
  let lastEvents: readonly HistoryEvent[] = [];
  for (const checker of options.checkers ?? CHECKERS) {
    const look = checker.watch(auditor);
    world.history.watch(checker.kinds, (event) => {
      const what = look(event);
      if (what === null) return;
      if (found.length === 0) lastEvents = world.history.last(LAST_EVENTS);
      found.push({ invariant: checker.id, name: checker.name, atMs: event.atMs, what });
    });
  }
  world.history.watch(["executed"], (event) => {
    if (event.issued !== null) rotations += 1;
  });
  const beganMs = world.clock.nowMs;
  await world.setUp();
  if (options.onCrashAtPoint !== undefined) world.onCrashAtPoint = options.onCrashAtPoint;
  const callers = new Callers(world);
  const faults = new Faults(world, callers);
  await chaos(world, callers, faults);
  await heal(world, callers, faults);
  await quiet(world, callers);
  auditor.conclude({ broken: await firstBroken(world), leaks: leaksOf(world) });
  world.history.record({ kind: "phase", phase: "end" });
  const dead = auditor.grants().filter((grant) => auditor.isWanted(grant) && !auditor.holdsAcceptedToken(grant));
  const excused = dead.filter((grant) => auditor.excuseFor(grant) !== null).length;
  return {
    plan,
    violations: found,
    lostGrants: dead.length - excused,
    excusedLosses: excused,
    falseDeaths: found.filter(({ invariant }) => invariant === "I1").length,
    connectionDays: (plan.connections * (world.clock.nowMs - beganMs)) / DAY_MS,
    rotations,
    historyHash: world.history.hash,
    events: world.history.count,
    lastEvents,
  };
}

async function chaos(world: World, callers: Callers, faults: Faults): Promise<void> {
  world.history.record({ kind: "phase", phase: "chaos" });
  faults.place(world.plan);
  callers.begin();
  await runWithTicks(world, world.plan.chaosMs, PACES[world.plan.pace].tickMs);
}

async function heal(world: World, callers: Callers, faults: Faults): Promise<void> {
  faults.heal();
  world.history.record({ kind: "phase", phase: "heal" });
  const healedMs = world.clock.nowMs;
  // A breaker lets one through before the others: whoever is refused asks again, as he is told to.
  await world.clock.runUntil(healedMs + MINUTE_MS);
  for (const party of world.parties) if (party.withdrawn) faults.consentAgain(party);
  // Where thousands are cold at once an app's share does not last for all of them in one go.
  callers.insist(healedMs + FRESH_AFTER_MS);
  for (const beforeMs of [2 * MINUTE_MS, MINUTE_MS, 0]) {
    await world.clock.runUntil(healedMs + FRESH_AFTER_MS - beforeMs);
    for (const party of world.parties) {
      const isHeard = party.consentedAtMs + HEARD_AFTER_MS < world.clock.nowMs;
      if (!party.withdrawn && party.disabledSinceMs === null && isHeard)
        for (const seat of world.seats) callers.ask(party, seat);
    }
  }
  await runWithTicks(world, CLEAR_AFTER_MS - FRESH_AFTER_MS, PACES.lively.tickMs);
  world.history.record({ kind: "phase", phase: "quiet" });
}

// Idle connections show only at their next keepalive whether they are alive.
async function quiet(world: World, callers: Callers): Promise<void> {
  callers.end();
  world.calm();
  await runWithTicks(world, world.plan.lives === "xero" ? 8 * DAY_MS : DAY_MS, QUIET_TICK_MS);
  const seat = world.seats[0];
  for (const party of world.parties) {
    if (seat !== undefined && !party.withdrawn && party.disabledSinceMs === null) callers.ask(party, seat);
    // All of them are cold: one after the other, as no app may ask for hundreds of tokens at once.
    await world.clock.runUntil(world.clock.nowMs + COLD_ASK_EVERY_MS);
  }
  await world.clock.runUntil(world.clock.nowMs + MINUTE_MS);
}

async function runWithTicks(world: World, forMs: number, tickMs: number): Promise<void> {
  const untilMs = world.clock.nowMs + forMs;
  while (world.clock.nowMs < untilMs) {
    await world.clock.runUntil(Math.min(untilMs, world.clock.nowMs + tickMs));
    world.history.record({ kind: "tick", allGood: world.isAllGood, storeGood: world.isStoreGood });
  }
}

async function firstBroken(world: World): Promise<number | null> {
  for (const { node } of world.seats) {
    const broken = await world.database.storeOf(node).audit.firstBroken();
    if (broken !== null) return broken;
  }
  return null;
}

/** Looks for the provider's secrets in everything that the database would write to a disk. */
function leaksOf(world: World): readonly string[] {
  const { tables, audit, outbox } = world.database.snapshot();
  const texts = [
    ...tables.map((table) => JSON.stringify([...table.values()])),
    JSON.stringify([...audit.values()]),
    JSON.stringify(outbox),
  ];
  return texts.flatMap((text) => {
    const at = text.indexOf(CANARY);
    return at < 0 ? [] : [text.slice(Math.max(0, at - 60), at + 60)];
  });
}
