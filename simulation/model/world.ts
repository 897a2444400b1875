import type { Plan } from "./plan.ts";

/** No token, no node. */
export const NONE = -1;

/** Where a node stands in one refresh. */
export const PHASE = {
  idle: 0,
  /** Holds lease and intent, has not sent. */
  ready: 1,
  /** Checked its lease, and was paused before it wrote to the socket. */
  stalled: 2,
  waiting: 3,
  /** The provider's answer is in memory only. */
  received: 4,
  journaled: 5,
  refused: 6,
} as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** A refresh token, named by its place in the order of issue. */
export interface Token {
  parent: number;
  chain: number;
  used: boolean;
  revoked: boolean;
  /** Ticks since its first use, counted up to the model's horizon. */
  age: number;
  /** How often the store counted it as presented: 0, 1 or "more" (2). */
  sends: number;
}

export interface Store {
  up: boolean;
  head: number;
  chain: number;
  generation: number;
  previous: number;
  /** Oldest first. */
  candidates: number[];
  /** Tokens refused in this generation, one bit each. */
  refused: number;
  leaseHolder: number;
  /** Ticks of it that its holder slept over its work. */
  leaseAge: number;
  /** Who took the lease last, held or not. */
  fenceHolder: number;
  intent: number;
  /** Nodes that presented the head, one bit each, and the one that did so last. */
  attemptedBy: number;
  lastAttemptBy: number;
  /** How old the presented token was when it was last presented. */
  lastSentAge: number;
  suspect: boolean;
  /** The age of `previous` from which a suspect head is confirmed. */
  confirmAge: number;
  lost: boolean;
}

export interface Node {
  up: boolean;
  phase: Phase;
  /** What it presents, and the generation it read with it. */
  token: number;
  generation: number;
  /** What the provider answered. */
  got: number;
  journaled: number;
  journaledGeneration: number;
  localIntent: number;
  localIntentGeneration: number;
}

/** A token request on its way to the provider. */
export interface Message {
  sender: number;
  token: number;
  age: number;
  /** The sender still waits for the answer. */
  heard: boolean;
  /** Sent while the sender's lease held, so that the lease outlives it. */
  underLease: boolean;
}

/** What may still happen; every count only falls. */
export interface Budget {
  refreshes: number;
  reconsents: number;
  crash: number;
  lostResponse: number;
  timeout: number;
  lostAcknowledgement: number;
  leaseLost: number;
  pauseInSend: number;
  storeOutage: number;
  storeOutageTicks: number;
  pauseTicks: number;
  downTicks: number;
  allDownTicks: number;
}

/** One state of everything: two nodes, one row of the store, one provider, and what is between them. */
export interface World {
  tokens: Token[];
  store: Store;
  nodes: [Node, Node];
  messages: Message[];
  budget: Budget;
  /** The step just taken moved the head to one of its own ancestors. */
  regressed: boolean;
}

/** A person has consented once, and nothing has happened since. */
export function initialWorld(plan: Plan): World {
  return {
    tokens: [newToken(NONE, 0)],
    store: {
      up: true,
      head: 0,
      chain: 0,
      generation: 0,
      previous: NONE,
      candidates: [],
      refused: 0,
      leaseHolder: NONE,
      leaseAge: 0,
      fenceHolder: NONE,
      intent: NONE,
      attemptedBy: 0,
      lastAttemptBy: NONE,
      lastSentAge: 0,
      suspect: false,
      confirmAge: 0,
      lost: false,
    },
    nodes: [newNode(), newNode()],
    messages: [],
    budget: { ...plan.faults, refreshes: plan.refreshes, reconsents: plan.reconsents },
    regressed: false,
  };
}

export function newToken(parent: number, chain: number): Token {
  return { parent, chain, used: false, revoked: false, age: 0, sends: 0 };
}

function newNode(): Node {
  return {
    up: true,
    phase: PHASE.idle,
    token: NONE,
    generation: 0,
    got: NONE,
    journaled: NONE,
    journaledGeneration: 0,
    localIntent: NONE,
    localIntentGeneration: 0,
  };
}

/** @throws RangeError for a token that was never issued. */
export function tokenAt(world: World, index: number): Token {
  const token = world.tokens[index];
  if (token === undefined) throw new RangeError(`There is no token R${index}.`);
  return token;
}

/** @throws RangeError for a node that is neither of the two. */
export function nodeAt(world: World, index: number): Node {
  const node = world.nodes[index];
  if (node === undefined) throw new RangeError(`There is no node ${index}.`);
  return node;
}

/** @throws RangeError for a message that is not on its way. */
export function messageAt(world: World, index: number): Message {
  const message = world.messages[index];
  if (message === undefined) throw new RangeError(`There is no message ${index}.`);
  return message;
}
