import { UNBOUNDED } from "./faults.ts";

import type { Laws } from "./plan.ts";
import { revokeChain } from "./provider.ts";
import { hasWork, isFree } from "./readiness.ts";
import { confirmIsUrgent, endLease, forgetAttempt, isHeld, nextToken, openIntent } from "./row.ts";
import { nodeName, type Rule } from "./rule.ts";
import { type Budget, NONE, newToken, nodeAt, PHASE, type World } from "./world.ts";

const NODES = [0, 1] as const;

const leaseEnds: Rule = {
  can: (world, _subject, laws) => (world.store.up && isLeaseIdle(world)) || isLeaseOver(world, laws),
  does: (world) => endLease(world.store),
  says: (world) => `the lease of ${nodeName(world.store.leaseHolder)} ends`,
};

const leaseEndsInPause: Rule = {
  can: (world) =>
    world.store.up && world.budget.leaseLost > 0 && world.store.leaseHolder !== NONE && !isLeaseIdle(world),
  does: (world) => {
    world.budget.leaseLost--;
    endLease(world.store);
  },
  says: (world) => `${nodeName(world.store.leaseHolder)} is paused, and its lease ends`,
};

const storeFails: Rule = {
  can: (world) => world.store.up && world.budget.storeOutage > 0,
  does: (world) => {
    world.budget.storeOutage--;
    world.store.up = false;
  },
  says: () => "the store goes down",
};

const storeReturns: Rule = {
  can: (world) => !world.store.up,
  does: (world) => {
    world.store.up = true;
  },
  says: () => "the store is back",
};

const reconsent: Rule = {
  can: (world) => world.store.up && world.budget.reconsents > 0,
  does: (world, _subject, laws) => {
    const { store, budget, tokens } = world;
    budget.reconsents--;
    if (laws.secondConsent === "ends-first") revokeChain(world, store.chain);
    store.chain++;
    store.generation = 0;
    store.head = tokens.push(newToken(NONE, store.chain)) - 1;
    store.previous = NONE;
    store.candidates = [];
    store.suspect = false;
    store.confirmAge = 0;
    forgetAttempt(store);
  },
  says: (world) => `the person consents again: R${world.tokens.length} begins a new chain`,
};

const tick: Rule = {
  can: timeMayPass,
  does: (world, _subject, laws) => {
    const { leaseHolder } = world.store;
    // A request and what follows it fit into a lease; only a holder that sleeps over its work outlives it.
    if (leaseHolder !== NONE && hasWork(world, leaseHolder, laws)) world.store.leaseAge++;
    for (const each of timeSpent(world, laws)) if (world.budget[each] !== UNBOUNDED) world.budget[each]--;
    for (const token of world.tokens) if (token.used) token.age = Math.min(token.age + 1, laws.ticks.horizon);
    for (const message of world.messages) message.age++;
  },
  says: (_world, _subject, { ticks }) => `${Math.round(ticks.tickMs / 1000)} s pass`,
};

/** What happens around the nodes. */
export const SURROUNDINGS_RULES: readonly Rule[] = [
  leaseEnds,
  leaseEndsInPause,
  storeFails,
  storeReturns,
  reconsent,
  tick,
];

type TimeBudget = Extract<keyof Budget, `${string}Ticks`>;

function timeMayPass(world: World, _subject: number, laws: Laws): boolean {
  const { horizon, request } = laws.ticks;
  // Once every window is closed nothing depends on time any more.
  if (!world.tokens.some((token) => token.used && token.age < horizon)) return false;
  if (world.messages.some((message) => message.age >= request)) return false;
  if (isLeaseOver(world, laws)) return false;
  if (world.store.up && (isLeaseIdle(world) || recoveryIsUrgent(world, laws))) return false;
  return timeSpent(world, laws).every((each) => world.budget[each] > 0);
}

function timeSpent(world: World, laws: Laws): TimeBudget[] {
  const spent: TimeBudget[] = [];
  if (!world.store.up) spent.push("storeOutageTicks");
  if (hasWork(world, 0, laws) || hasWork(world, 1, laws)) spent.push("pauseTicks");
  if (NODES.some((node) => isDownWithKnowledge(world, node))) spent.push("downTicks");
  if (!world.nodes[0].up && !world.nodes[1].up) spent.push("allDownTicks");
  return spent;
}

function isLeaseOver(world: World, laws: Laws): boolean {
  return world.store.leaseHolder !== NONE && world.store.leaseAge >= laws.ticks.lease;
}

function isLeaseIdle(world: World): boolean {
  const { leaseHolder } = world.store;
  if (leaseHolder === NONE) return false;
  const { up, phase } = nodeAt(world, leaseHolder);
  return !up || phase === PHASE.idle;
}

// An idle node does what is urgent before the clock moves on.
function recoveryIsUrgent(world: World, laws: Laws): boolean {
  const isUnfinished = laws.protocol.intent && openIntent(world, laws) !== NONE;
  const isUrgent = isUnfinished || confirmIsUrgent(world, laws);
  if (!isUrgent || !isFree(world, laws)) return false;
  const token = nextToken(world, laws);
  return NODES.some((node) => isIdle(world, node) && token !== NONE && !isHeld(world, token, node, laws));
}

function isIdle(world: World, index: number): boolean {
  const { up, phase } = nodeAt(world, index);
  return up && phase === PHASE.idle;
}

function isDownWithKnowledge(world: World, index: number): boolean {
  const { up, journaled, localIntent } = nodeAt(world, index);
  return !up && (journaled !== NONE || localIntent !== NONE);
}
