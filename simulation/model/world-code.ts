import {
  type Budget,
  type Message,
  messageAt,
  type Node,
  type Phase,
  type Store,
  type Token,
  tokenAt,
  type World,
} from "./world.ts";

const MAX_TOKENS = 14;
const MAX_CANDIDATES = 6;
const MAX_MESSAGES = 6;

const TOKENS_AT = 1;
const STORE_AT = TOKENS_AT + 2 * MAX_TOKENS;
const CANDIDATES_AT = STORE_AT + 12;
const NODES_AT = CANDIDATES_AT + 1 + MAX_CANDIDATES;
const NODE_BYTES = 7;
const MESSAGES_AT = NODES_AT + 2 * NODE_BYTES;
const BUDGET_AT = MESSAGES_AT + 1 + 2 * MAX_MESSAGES;
const BUDGET_BYTES = 13;

/** How many bytes one state takes: a multiple of four, so that it can be hashed by words. */
export const WORLD_BYTES = Math.ceil((BUDGET_AT + BUDGET_BYTES) / 4) * 4;

/** Whether a world is small enough for the code; a search that meets a larger one is not exhaustive. */
export function fitsCode(world: World): boolean {
  const { tokens, store, messages } = world;
  return tokens.length <= MAX_TOKENS && store.candidates.length <= MAX_CANDIDATES && messages.length <= MAX_MESSAGES;
}

/** The oldest age that a state can hold. */
export const MAX_AGE = 15;

/**
 * Writes a state as `WORLD_BYTES` bytes. Equal states give equal bytes: messages are ordered, and nothing else has an order
 * without a meaning. The world has to fit (`fitsCode`).
 */
export function packWorld(world: World, bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + WORLD_BYTES);
  packTokens(world, bytes, at);
  packStore(world.store, bytes, at + STORE_AT);
  packCandidates(world.store, bytes, at + CANDIDATES_AT);
  packNode(world.nodes[0], bytes, at + NODES_AT);
  packNode(world.nodes[1], bytes, at + NODES_AT + NODE_BYTES);
  packMessages(world, bytes, at + MESSAGES_AT);
  packBudget(world.budget, bytes, at + BUDGET_AT);
}

/** Reads a state back into a world that is overwritten. */
export function unpackWorld(bytes: Uint8Array, at: number, world: World): void {
  unpackTokens(bytes, at, world);
  unpackStore(bytes, at + STORE_AT, world.store);
  unpackCandidates(bytes, at + CANDIDATES_AT, world.store);
  unpackNode(bytes, at + NODES_AT, world.nodes[0]);
  unpackNode(bytes, at + NODES_AT + NODE_BYTES, world.nodes[1]);
  unpackMessages(bytes, at + MESSAGES_AT, world);
  unpackBudget(bytes, at + BUDGET_AT, world.budget);
  world.regressed = false;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

// NONE and fifteen indices or ages fit into four bits each.
const nibbles = (low: number, high: number) => ((low + 1) & 15) | (((high + 1) & 15) << 4);
const lowIndex = (byte: number) => (byte & 15) - 1;
const highIndex = (byte: number) => (byte >> 4) - 1;
const bit = (flag: boolean, place: number) => (flag ? 1 << place : 0);

function packTokens(world: World, bytes: Uint8Array, at: number): void {
  const count = world.tokens.length;
  bytes[at] = count;
  for (let index = 0; index < count; index++) {
    const token = tokenAt(world, index);
    const place = at + TOKENS_AT + 2 * index;
    bytes[place] = bit(token.used, 0) | bit(token.revoked, 1) | (token.sends << 2) | (token.chain << 4);
    bytes[place + 1] = ((token.parent + 1) & 15) | (token.age << 4);
  }
}

function unpackTokens(bytes: Uint8Array, at: number, world: World): void {
  const count = byteAt(bytes, at);
  while (world.tokens.length > count) world.tokens.pop();
  for (let index = 0; index < count; index++) {
    const place = at + TOKENS_AT + 2 * index;
    const flags = byteAt(bytes, place);
    const line = byteAt(bytes, place + 1);
    const token = world.tokens[index] ?? spare(world);
    token.used = (flags & 1) !== 0;
    token.revoked = (flags & 2) !== 0;
    token.sends = (flags >> 2) & 3;
    token.chain = flags >> 4;
    token.parent = lowIndex(line);
    token.age = line >> 4;
  }
}

function spare(world: World): Token {
  const token: Token = { parent: 0, chain: 0, used: false, revoked: false, age: 0, sends: 0 };
  world.tokens.push(token);
  return token;
}

function packStore(store: Store, bytes: Uint8Array, at: number): void {
  bytes[at] = bit(store.up, 0) | bit(store.suspect, 1) | bit(store.lost, 2) | (store.attemptedBy << 3);
  bytes[at + 1] = nibbles(store.head, store.previous);
  bytes[at + 2] = store.chain;
  bytes[at + 3] = store.generation;
  bytes[at + 4] = store.refused & 255;
  bytes[at + 5] = store.refused >> 8;
  bytes[at + 6] = nibbles(store.leaseHolder, store.fenceHolder);
  bytes[at + 7] = nibbles(store.intent, store.lastAttemptBy);
  bytes[at + 8] = store.lastSentAge;
  bytes[at + 9] = store.confirmAge;
  bytes[at + 10] = store.leaseAge;
}

function unpackStore(bytes: Uint8Array, at: number, store: Store): void {
  const flags = byteAt(bytes, at);
  store.up = (flags & 1) !== 0;
  store.suspect = (flags & 2) !== 0;
  store.lost = (flags & 4) !== 0;
  store.attemptedBy = flags >> 3;
  store.head = lowIndex(byteAt(bytes, at + 1));
  store.previous = highIndex(byteAt(bytes, at + 1));
  store.chain = byteAt(bytes, at + 2);
  store.generation = byteAt(bytes, at + 3);
  store.refused = byteAt(bytes, at + 4) | (byteAt(bytes, at + 5) << 8);
  store.leaseHolder = lowIndex(byteAt(bytes, at + 6));
  store.fenceHolder = highIndex(byteAt(bytes, at + 6));
  store.intent = lowIndex(byteAt(bytes, at + 7));
  store.lastAttemptBy = highIndex(byteAt(bytes, at + 7));
  store.lastSentAge = byteAt(bytes, at + 8);
  store.confirmAge = byteAt(bytes, at + 9);
  store.leaseAge = byteAt(bytes, at + 10);
}

function packCandidates(store: Store, bytes: Uint8Array, at: number): void {
  const count = store.candidates.length;
  bytes[at] = count;
  for (let index = 0; index < count; index++) bytes[at + 1 + index] = store.candidates[index] ?? 0;
}

function unpackCandidates(bytes: Uint8Array, at: number, store: Store): void {
  const count = byteAt(bytes, at);
  store.candidates.length = 0;
  for (let index = 0; index < count; index++) store.candidates.push(byteAt(bytes, at + 1 + index));
}

function packNode(node: Node, bytes: Uint8Array, at: number): void {
  bytes[at] = bit(node.up, 0) | (node.phase << 1);
  bytes[at + 1] = nibbles(node.token, node.got);
  bytes[at + 2] = nibbles(node.journaled, node.localIntent);
  bytes[at + 3] = node.generation;
  bytes[at + 4] = node.journaledGeneration;
  bytes[at + 5] = node.localIntentGeneration;
}

function unpackNode(bytes: Uint8Array, at: number, node: Node): void {
  const flags = byteAt(bytes, at);
  node.up = (flags & 1) !== 0;
  node.phase = (flags >> 1) as Phase;
  node.token = lowIndex(byteAt(bytes, at + 1));
  node.got = highIndex(byteAt(bytes, at + 1));
  node.journaled = lowIndex(byteAt(bytes, at + 2));
  node.localIntent = highIndex(byteAt(bytes, at + 2));
  node.generation = byteAt(bytes, at + 3);
  node.journaledGeneration = byteAt(bytes, at + 4);
  node.localIntentGeneration = byteAt(bytes, at + 5);
}

function messageOrder(message: Message): number {
  // Nobody listens to a stray request, so it does not matter who sent it.
  const sender = message.heard ? message.sender : 0;
  return sender | bit(message.heard, 1) | bit(message.underLease, 2) | (message.age << 3) | (message.token << 8);
}

function packMessages(world: World, bytes: Uint8Array, at: number): void {
  const count = world.messages.length;
  bytes[at] = count;
  if (count > 1) world.messages.sort((a, b) => messageOrder(a) - messageOrder(b));
  for (let index = 0; index < count; index++) {
    const order = messageOrder(messageAt(world, index));
    bytes[at + 1 + 2 * index] = order & 255;
    bytes[at + 2 + 2 * index] = order >> 8;
  }
}

function unpackMessages(bytes: Uint8Array, at: number, world: World): void {
  const count = byteAt(bytes, at);
  world.messages.length = 0;
  for (let index = 0; index < count; index++) {
    const flags = byteAt(bytes, at + 1 + 2 * index);
    world.messages.push({
      sender: flags & 1,
      heard: (flags & 2) !== 0,
      underLease: (flags & 4) !== 0,
      age: flags >> 3,
      token: byteAt(bytes, at + 2 + 2 * index),
    });
  }
}

function packBudget(budget: Budget, bytes: Uint8Array, at: number): void {
  bytes[at] = budget.refreshes;
  bytes[at + 1] = budget.reconsents;
  bytes[at + 2] = budget.crash;
  bytes[at + 3] = budget.lostResponse;
  bytes[at + 4] = budget.timeout;
  bytes[at + 5] = budget.lostAcknowledgement;
  bytes[at + 6] = budget.leaseLost;
  bytes[at + 7] = budget.pauseInSend;
  bytes[at + 8] = budget.storeOutage;
  bytes[at + 9] = budget.storeOutageTicks;
  bytes[at + 10] = budget.pauseTicks;
  bytes[at + 11] = budget.downTicks;
  bytes[at + 12] = budget.allDownTicks;
}

function unpackBudget(bytes: Uint8Array, at: number, budget: Budget): void {
  budget.refreshes = byteAt(bytes, at);
  budget.reconsents = byteAt(bytes, at + 1);
  budget.crash = byteAt(bytes, at + 2);
  budget.lostResponse = byteAt(bytes, at + 3);
  budget.timeout = byteAt(bytes, at + 4);
  budget.lostAcknowledgement = byteAt(bytes, at + 5);
  budget.leaseLost = byteAt(bytes, at + 6);
  budget.pauseInSend = byteAt(bytes, at + 7);
  budget.storeOutage = byteAt(bytes, at + 8);
  budget.storeOutageTicks = byteAt(bytes, at + 9);
  budget.pauseTicks = byteAt(bytes, at + 10);
  budget.downTicks = byteAt(bytes, at + 11);
  budget.allDownTicks = byteAt(bytes, at + 12);
}
