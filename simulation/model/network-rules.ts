import { rest } from "./node-rules.ts";
import { spend } from "./provider.ts";
import { releaseLease } from "./row.ts";
import { nodeName, type Rule } from "./rule.ts";
import { messageAt, NONE, nodeAt, PHASE, type World } from "./world.ts";

const execute: Rule = {
  can: () => true,
  does: (world, message, laws) => {
    const { token, sender, heard } = take(world, message);
    const successor = spend(world, token, laws);
    if (!heard) return;
    const node = nodeAt(world, sender);
    node.phase = successor === NONE ? PHASE.refused : PHASE.received;
    node.got = successor;
  },
  says: (world, message) => {
    const { token, sender, heard } = messageAt(world, message);
    return heard
      ? `the provider answers R${token} of ${nodeName(sender)}`
      : `the provider carries out a stray request with R${token}; nobody listens`;
  },
};

const executeUnheard: Rule = {
  can: (world, message) => messageAt(world, message).heard && world.budget.lostResponse > 0,
  does: (world, message, laws) => {
    const { token, sender } = take(world, message);
    world.budget.lostResponse--;
    spend(world, token, laws);
    rest(nodeAt(world, sender));
    if (world.store.up) releaseLease(world.store, sender);
  },
  says: (world, message) => {
    const { token, sender } = messageAt(world, message);
    return `the provider answers R${token} of ${nodeName(sender)}, and the answer is lost`;
  },
};

const vanish: Rule = {
  can: (world, message) => !messageAt(world, message).heard,
  does: (world, message) => {
    take(world, message);
  },
  says: (world, message) => `a stray request with R${messageAt(world, message).token} is lost on the way`,
};

/** What can happen to a request on its way. */
export const NETWORK_RULES: readonly Rule[] = [execute, executeUnheard, vanish];

function take(world: World, index: number) {
  const message = messageAt(world, index);
  world.messages.splice(index, 1);
  return message;
}
