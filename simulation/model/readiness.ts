import type { Laws } from "./plan.ts";
import { confirmIsDue, hasMovedOn, isHeld, nextToken, openIntent } from "./row.ts";
import { NONE, nodeAt, PHASE, type World } from "./world.ts";

/** Whether a node that runs has something to do now, so that time can pass only if it is paused. */
export function hasWork(world: World, node: number, laws: Laws): boolean {
  const { up, phase } = nodeAt(world, node);
  if (!up) return false;
  switch (phase) {
    case PHASE.ready:
    case PHASE.stalled:
      return true;
    case PHASE.waiting:
      return false;
    case PHASE.received:
      return laws.protocol.journal || world.store.up;
    case PHASE.journaled:
    case PHASE.refused:
      return world.store.up;
    case PHASE.idle:
      return canReplay(world, node, laws) || canRetryLocally(world, node, laws);
  }
}

/** Whether an attempt is unfinished, or a suspect head has to be confirmed. */
export function isRecovery(world: World, laws: Laws): boolean {
  return (laws.protocol.intent && openIntent(world, laws) !== NONE) || confirmIsDue(world, laws);
}

/** Whether lease and drain let anybody start. */
export function isFree(world: World, laws: Laws): boolean {
  const isLeased = laws.protocol.lease && world.store.leaseHolder !== NONE;
  return !isLeased && !isDraining(world, laws);
}

/** Whether a node may take lease and intent now. */
export function canBegin(world: World, node: number, laws: Laws): boolean {
  const { store, budget } = world;
  const { up, phase, journaled } = nodeAt(world, node);
  if (!up || phase !== PHASE.idle || journaled !== NONE || !store.up || !isFree(world, laws)) return false;
  const awaitsConfirm = laws.protocol.confirm !== "never" && store.suspect;
  if (!isRecovery(world, laws) && (budget.refreshes === 0 || awaitsConfirm)) return false;
  const token = nextToken(world, laws);
  return token !== NONE && !isHeld(world, token, node, laws);
}

// The lease outlives every request that was sent under it, so waiting for its end is waiting for those.
function isDraining(world: World, laws: Laws): boolean {
  return laws.protocol.drain && world.messages.some((message) => message.underLease);
}

/** Whether a node that looks again before its send must not send. */
export function sendCheckFails(world: World, node: number, laws: Laws): boolean {
  const { store } = world;
  if (!laws.protocol.sendCheck) return false;
  // Its own clock tells a holder that its lease is over, also while the store cannot be asked.
  if (!store.up) return laws.protocol.localRetryWithinLease && laws.protocol.lease && store.fenceHolder !== node;
  const { token, generation } = nodeAt(world, node);
  const isLate = laws.protocol.lease && (store.leaseHolder !== node || store.leaseAge >= laws.ticks.lease);
  return isLate || hasMovedOn(world, token, generation);
}

/** Whether a node may take up its journaled intent while the store is down. */
export function canRetryLocally(world: World, node: number, laws: Laws): boolean {
  const { up, phase, localIntent, journaled } = nodeAt(world, node);
  if (!laws.protocol.localIntent || !up || phase !== PHASE.idle || world.store.up) return false;
  if (localIntent === NONE || journaled !== NONE || isDraining(world, laws)) return false;
  return !laws.protocol.localRetryWithinLease || world.store.fenceHolder === node;
}

/** Whether a node has an answer to settle. */
export function canCommit(world: World, node: number, laws: Laws): boolean {
  const { up, phase } = nodeAt(world, node);
  return up && world.store.up && phase === (laws.protocol.journal ? PHASE.journaled : PHASE.received);
}

/** Whether a node may settle what it finds in its journal. */
export function canReplay(world: World, node: number, laws: Laws): boolean {
  const { up, phase, journaled } = nodeAt(world, node);
  if (!up || phase !== PHASE.idle || journaled === NONE || !world.store.up) return false;
  return !laws.protocol.replayThroughLease || !laws.protocol.lease || world.store.leaseHolder === NONE;
}
