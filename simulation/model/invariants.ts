import type { InvariantName, Laws } from "./plan.ts";
import { accepts } from "./provider.ts";
import { NONE, PHASE, tokenAt, type World } from "./world.ts";

/** The invariant that this state violates, if any. */
export function violatedInvariant(world: World, laws: Laws): InvariantName | null {
  if (world.regressed) return "I3 monotone head";
  if (holdsForeignToken(world)) return "I16 no cross-chain revival";
  const someLives = knowsLiveToken(world, laws);
  if (world.store.lost && someLives) return "I1 no false death";
  return world.store.lost || !someLives ? "I2 durable knowledge" : null;
}

// The row's chain follows its head, so a revived chain shows in that it is not the newest.
function holdsForeignToken(world: World): boolean {
  const { store, tokens } = world;
  const newest = tokens.reduce((most, token) => Math.max(most, token.chain), 0);
  const isForeign = (token: number) => token !== NONE && tokenAt(world, token).chain !== newest;
  return isForeign(store.head) || isForeign(store.previous) || store.candidates.some(isForeign);
}

function knowsLiveToken(world: World, laws: Laws): boolean {
  const { store, nodes } = world;
  const lives = (token: number) =>
    token !== NONE && tokenAt(world, token).chain === store.chain && accepts(world, token, laws);
  if (lives(store.head)) return true;
  if (laws.protocol.candidates && store.candidates.some(lives)) return true;
  if (laws.protocol.previousKept && lives(store.previous)) return true;
  return nodes.some((node) => {
    if (lives(node.journaled)) return true;
    const inMemory = node.phase === PHASE.received || node.phase === PHASE.journaled;
    return node.up && inMemory && lives(node.got);
  });
}
