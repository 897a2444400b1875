import type { Laws } from "./plan.ts";
import { isAncestor } from "./provider.ts";
import { NONE, nodeAt, PHASE, type Store, tokenAt, type World } from "./world.ts";

/** A token that came back, with what the attempt was computed from. */
export interface Answer {
  readonly node: number;
  readonly token: number;
  readonly generation: number;
}

/**
 * The tokens that may be presented, in order: one whose answer is owed though another has brought the head, the head, candidates
 * newest first, the previous one. Refused ones are left out.
 */
export function nextToken(world: World, laws: Laws): number {
  const { store } = world;
  const owed = isOvertaken(store) ? openIntent(world, laws) : NONE;
  if (owed !== NONE) return owed;
  if (!isRefused(store, store.head)) return store.head;
  if (laws.protocol.candidates) {
    for (let place = store.candidates.length - 1; place >= 0; place--) {
      const candidate = store.candidates[place] ?? NONE;
      if (!isRefused(store, candidate)) return candidate;
    }
  }
  const { previous } = store;
  return laws.protocol.previousKept && previous !== NONE && !isRefused(store, previous) ? previous : NONE;
}

/** What is unfinished. Past its parent's grace the head is left alone: to ask again could only hurt it. */
export function openIntent(world: World, laws: Laws): number {
  const { store } = world;
  if (!isOvertaken(store)) return store.intent;
  return tokenAt(world, store.intent).age < laws.ticks.spendWindow ? store.intent : NONE;
}

/** Whether another answer to the token of the unfinished attempt has brought the head, which nobody has refused. */
function isOvertaken(store: Store): boolean {
  return store.intent !== NONE && store.intent === store.previous && !isRefused(store, store.head);
}

/** An attempt that was overtaken has ended. */
export function endOvertaken(store: Store, node: number): void {
  if (isOvertaken(store) && store.lastAttemptBy === node) store.intent = NONE;
}

/** Whether the row is no longer what was read with this token in this generation. */
export function hasMovedOn(world: World, token: number, generation: number): boolean {
  return world.store.generation !== generation || world.store.chain !== tokenAt(world, token).chain;
}

/** Settles a token: head, candidate, or (from a sealed chain) nothing. */
export function settle(world: World, answer: Answer, laws: Laws): void {
  const { store } = world;
  const { protocol } = laws;
  if (store.head === answer.token) return;
  const isForeign = protocol.chainCompared && tokenAt(world, answer.token).chain !== store.chain;
  if (isForeign && protocol.compareAndSet) return;
  if (!protocol.compareAndSet || store.generation === answer.generation) {
    rotate(world, answer, laws);
    return;
  }
  endOvertaken(store, answer.node);
  if (!protocol.candidates || store.candidates.includes(answer.token) || store.previous === answer.token) return;
  store.candidates.push(answer.token);
  store.suspect = store.previous !== NONE;
}

/** A refusal is believed of this one token; with nothing left to present the grant is declared lost. */
export function refuse(world: World, token: number, laws: Laws): void {
  const { store } = world;
  store.refused |= 1 << token;
  const next = nextToken(world, laws);
  if (next === NONE || !(laws.protocol.candidates || laws.protocol.previousKept)) store.lost = true;
  else store.intent = next;
}

export function releaseLease(store: Store, node: number): void {
  if (store.leaseHolder === node) endLease(store);
}

export function endLease(store: Store): void {
  store.leaseHolder = NONE;
  store.leaseAge = 0;
}

/** Whether the head is suspect and its confirm is due. */
export function confirmIsDue(world: World, laws: Laws): boolean {
  const { store } = world;
  return laws.protocol.confirm !== "never" && store.suspect && previousAge(world) >= store.confirmAge;
}

/** Whether a due confirm can wait no longer without losing its fall-back. Recovered too late for a window, it has none. */
export function confirmIsUrgent(world: World, laws: Laws): boolean {
  const age = previousAge(world);
  const { confirmUntil, grace } = laws.ticks;
  return confirmIsDue(world, laws) && world.store.confirmAge <= confirmUntil && age >= confirmUntil && age <= grace;
}

/** Whether another node presented this token, cannot be asked what came of it, and the grace is over. */
export function isHeld(world: World, token: number, node: number, laws: Laws): boolean {
  const { pastGraceHold } = laws.protocol;
  const { used, age } = tokenAt(world, token);
  if (pastGraceHold === "never" || !used || age <= laws.ticks.spendWindow) return false;
  const other = 1 - node;
  const { attemptedBy, lastAttemptBy } = world.store;
  const presentedIt =
    pastGraceHold === "every-attempter" ? (attemptedBy & (1 << other)) !== 0 : lastAttemptBy === other;
  return presentedIt && !hasMerged(world, other);
}

function hasMerged(world: World, node: number): boolean {
  const { up, phase, journaled } = nodeAt(world, node);
  return up && phase === PHASE.idle && journaled === NONE;
}

function isRefused(store: Store, token: number): boolean {
  return (store.refused & (1 << token)) !== 0;
}

function previousAge(world: World): number {
  return world.store.previous === NONE ? 0 : tokenAt(world, world.store.previous).age;
}

function rotate(world: World, answer: Answer, laws: Laws): void {
  const { store } = world;
  if (isAncestor(world, answer.token, store.head)) world.regressed = true;
  const spent = tokenAt(world, answer.token).parent;
  const isClean = spent === NONE || tokenAt(world, spent).sends <= 1;
  const others = [...store.candidates, store.head];
  const spare = (token: number) => token !== spent && token !== answer.token && !isRefused(store, token);
  store.candidates = isClean || !laws.protocol.candidates ? [] : others.filter(spare);
  store.previous = spent;
  store.head = answer.token;
  store.chain = tokenAt(world, answer.token).chain;
  store.generation++;
  store.confirmAge = store.lastSentAge + laws.ticks.confirmFrom;
  store.suspect = !isClean;
  const isOwed = laws.protocol.laterOwed && laws.mode.rotation === "grace" && store.intent === spent;
  if (!isOwed || store.lastAttemptBy === answer.node) forgetAttempt(store);
  if (laws.protocol.replayThroughLease) releaseLease(store, answer.node);
  else endLease(store);
}

/** Nothing is under way for the head that the row now has. */
export function forgetAttempt(store: Store): void {
  store.intent = NONE;
  store.refused = 0;
  store.attemptedBy = 0;
  store.lastAttemptBy = NONE;
  store.lastSentAge = 0;
}
