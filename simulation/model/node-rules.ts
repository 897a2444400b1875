import type { Laws } from "./plan.ts";
import { canBegin, canCommit, canReplay, canRetryLocally, isRecovery, sendCheckFails } from "./readiness.ts";
import { endOvertaken, hasMovedOn, nextToken, refuse, releaseLease, settle } from "./row.ts";
import { nodeName, type Rule } from "./rule.ts";
import { NONE, type Node, nodeAt, PHASE, tokenAt, type World } from "./world.ts";

/** Takes lease, fence and intent in one commit. */
const begin: Rule = {
  can: canBegin,
  does: (world, node, laws) => {
    const { store, budget } = world;
    if (!isRecovery(world, laws)) budget.refreshes--;
    const index = nextToken(world, laws);
    const token = tokenAt(world, index);
    if (laws.protocol.intent) store.intent = index;
    if (laws.protocol.lease) Object.assign(store, { leaseHolder: node, leaseAge: 0 });
    store.fenceHolder = node;
    store.attemptedBy |= 1 << node;
    store.lastAttemptBy = node;
    store.lastSentAge = token.age;
    // Whoever comes late with it could end the grant once the head was used.
    if (index === store.previous) store.confirmAge = token.age + laws.ticks.confirmFrom;
    token.sends = Math.min(token.sends + 1, 2);
    Object.assign(nodeAt(world, node), { phase: PHASE.ready, token: index, generation: store.generation });
  },
  says: (world, node, laws) =>
    `${nodeName(node)} takes the lease${laws.protocol.intent ? " and writes its intent" : ""}, reads R${nextToken(world, laws)}${isRecovery(world, laws) ? " (recovery)" : ""}`,
};

const findLeaseLost: Rule = {
  can: (world, node, laws) => {
    const { up, phase } = nodeAt(world, node);
    return up && phase === PHASE.ready && sendCheckFails(world, node, laws);
  },
  does: (world, node) => {
    releaseLease(world.store, node);
    rest(nodeAt(world, node));
  },
  says: (_world, node) => `${nodeName(node)} checks before its send, finds lease or row changed, and does not send`,
};

const send: Rule = {
  can: (world, node, laws) => {
    const { up, phase } = nodeAt(world, node);
    return up && phase === PHASE.ready && !sendCheckFails(world, node, laws);
  },
  does: writeToSocket,
  says: (world, node) => `${nodeName(node)} sends R${nodeAt(world, node).token}`,
};

const stallInSend: Rule = {
  can: (world, node, laws) => {
    const { up, phase } = nodeAt(world, node);
    const { store, budget } = world;
    return (
      up &&
      phase === PHASE.ready &&
      budget.pauseInSend > 0 &&
      laws.protocol.sendCheck &&
      store.up &&
      store.leaseHolder === node &&
      !sendCheckFails(world, node, laws)
    );
  },
  does: (world, node) => {
    world.budget.pauseInSend--;
    nodeAt(world, node).phase = PHASE.stalled;
  },
  says: (_world, node) => `${nodeName(node)} is paused between its check and its write to the socket`,
};

const wake: Rule = {
  can: (world, node) => nodeAt(world, node).up && nodeAt(world, node).phase === PHASE.stalled,
  does: writeToSocket,
  says: (world, node) => `${nodeName(node)} wakes and writes R${nodeAt(world, node).token} to the socket`,
};

const retryLocally: Rule = {
  can: canRetryLocally,
  does: (world, node) => {
    const { localIntent, localIntentGeneration } = nodeAt(world, node);
    Object.assign(nodeAt(world, node), { phase: PHASE.ready, token: localIntent, generation: localIntentGeneration });
  },
  says: (world, node) =>
    `${nodeName(node)} finds the store down and takes up R${nodeAt(world, node).localIntent} from its own journal`,
};

const timeOut: Rule = {
  can: (world, node) => {
    const { up, phase } = nodeAt(world, node);
    return up && phase === PHASE.waiting && world.budget.timeout > 0;
  },
  does: (world, node) => {
    world.budget.timeout--;
    giveUpWaiting(world, node);
    if (world.store.up) releaseLease(world.store, node);
  },
  says: (_world, node) => `${nodeName(node)} times out while its request is still on the way`,
};

const journal: Rule = {
  can: (world, node, laws) =>
    laws.protocol.journal && nodeAt(world, node).up && nodeAt(world, node).phase === PHASE.received,
  does: (world, node) => {
    const { got, generation } = nodeAt(world, node);
    Object.assign(nodeAt(world, node), { phase: PHASE.journaled, journaled: got, journaledGeneration: generation });
  },
  says: (world, node) => `${nodeName(node)} journals R${nodeAt(world, node).got}`,
};

const commit: Rule = {
  can: canCommit,
  does: (world, node, laws) => {
    settleGot(world, node, laws);
    forgetJournal(nodeAt(world, node));
    rest(nodeAt(world, node));
  },
  says: (world, node) => `${nodeName(node)} settles R${nodeAt(world, node).got}`,
};

const commitUnheard: Rule = {
  can: (world, node, laws) => world.budget.lostAcknowledgement > 0 && canCommit(world, node, laws),
  does: (world, node, laws) => {
    world.budget.lostAcknowledgement--;
    settleGot(world, node, laws);
  },
  says: (world, node) => `${nodeName(node)} settles R${nodeAt(world, node).got}, but the acknowledgement is lost`,
};

const hearRefusal: Rule = {
  can: (world, node) => nodeAt(world, node).up && world.store.up && nodeAt(world, node).phase === PHASE.refused,
  does: (world, node, laws) => {
    const { token, generation } = nodeAt(world, node);
    releaseLease(world.store, node);
    rest(nodeAt(world, node));
    if (!(laws.protocol.reread && hasMovedOn(world, token, generation))) refuse(world, token, laws);
    else endOvertaken(world.store, node);
  },
  says: (world, node) => `${nodeName(node)} is told invalid_grant for R${nodeAt(world, node).token}`,
};

const crash: Rule = {
  can: (world, node) => {
    const { up, phase, journaled } = nodeAt(world, node);
    return up && world.budget.crash > 0 && (phase !== PHASE.idle || journaled !== NONE);
  },
  does: (world, node) => {
    world.budget.crash--;
    giveUpWaiting(world, node);
    nodeAt(world, node).up = false;
  },
  says: (_world, node) => `${nodeName(node)} crashes`,
};

const restart: Rule = {
  can: (world, node) => !nodeAt(world, node).up,
  does: (world, node) => {
    nodeAt(world, node).up = true;
  },
  says: (_world, node) => `${nodeName(node)} starts again`,
};

const replay: Rule = {
  can: canReplay,
  does: (world, node, laws) => {
    const { journaled, journaledGeneration } = nodeAt(world, node);
    settle(world, { node, token: journaled, generation: journaledGeneration }, laws);
    forgetJournal(nodeAt(world, node));
  },
  says: (world, node) => `${nodeName(node)} replays R${nodeAt(world, node).journaled} from its journal`,
};

const dropLocalIntent: Rule = {
  can: (world, node) => {
    const { up, phase, localIntent, localIntentGeneration, journaled } = nodeAt(world, node);
    const unneeded = up && phase === PHASE.idle && world.store.up && localIntent !== NONE && journaled === NONE;
    return unneeded && hasMovedOn(world, localIntent, localIntentGeneration);
  },
  does: (world, node) => forgetJournal(nodeAt(world, node)),
  says: (world, node) =>
    `${nodeName(node)} sees that its journaled intent of R${nodeAt(world, node).localIntent} is settled`,
};

/** What a node can do, or what can happen to one. */
export const NODE_RULES: readonly Rule[] = [
  begin,
  findLeaseLost,
  send,
  stallInSend,
  wake,
  retryLocally,
  timeOut,
  journal,
  commit,
  commitUnheard,
  hearRefusal,
  crash,
  restart,
  replay,
  dropLocalIntent,
];

function writeToSocket(world: World, node: number, laws: Laws): void {
  const sender = nodeAt(world, node);
  const { store } = world;
  const holds = store.leaseHolder === node || (!store.up && store.fenceHolder === node);
  const underLease = !laws.protocol.lease || (holds && store.leaseAge < laws.ticks.lease);
  if (laws.protocol.localIntent) {
    sender.localIntent = sender.token;
    sender.localIntentGeneration = sender.generation;
  }
  sender.phase = PHASE.waiting;
  world.messages.push({ sender: node, token: sender.token, age: 0, heard: true, underLease });
}

function settleGot(world: World, node: number, laws: Laws): void {
  const { got, generation } = nodeAt(world, node);
  settle(world, { node, token: got, generation }, laws);
}

function giveUpWaiting(world: World, node: number): void {
  for (const message of world.messages) if (message.sender === node) message.heard = false;
  rest(nodeAt(world, node));
}

function forgetJournal(node: Node): void {
  node.journaled = NONE;
  node.journaledGeneration = 0;
  node.localIntent = NONE;
  node.localIntentGeneration = 0;
}

/** Back to idle, with nothing in memory. */
export function rest(node: Node): void {
  node.phase = PHASE.idle;
  node.token = NONE;
  node.generation = 0;
  node.got = NONE;
}
