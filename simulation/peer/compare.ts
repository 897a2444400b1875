import { drawPlan } from "../plan/draw-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { runPlan } from "../run-plan.ts";
import { MODES } from "../world/modes.ts";
import type { World } from "../world/world.ts";
import { type PeerStore, peerContender } from "./peer-process.ts";

/** What became of the reference peer under the same plans as ours. */
export interface PeerResult {
  readonly lostGrants: number;
  readonly rotations: number;
  readonly perMillionRotations: number;
}

/** Runs the peer through the plans of these seeds, but for those whose provider forgives nobody, and counts what it lost. */
export async function runPeer(seeds: {
  readonly from: number;
  readonly count: number;
  readonly nodes: number;
}): Promise<PeerResult> {
  let lostGrants = 0;
  let rotations = 0;
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed += 1) {
    const plan = drawPlan(seed, { nodes: seeds.nodes });
    if (MODES[plan.mode].forgives === "nothing" || plan.lives === "short") continue;
    const result = await runPeerPlan(plan);
    lostGrants += result.lostGrants;
    rotations += result.rotations;
  }
  return { lostGrants, rotations, perMillionRotations: perMillion(lostGrants, rotations) };
}

export async function runPeerPlan(plan: Plan): Promise<{ readonly lostGrants: number; readonly rotations: number }> {
  const store: PeerStore = { rows: new Map(), locks: new Map(), secrets: [] };
  const worlds: World[] = [];
  const { rotations } = await runPlan(plan, {
    checkers: [],
    contenderOf: (world) => {
      worlds.push(world);
      return peerContender(store, () => world.clock.nowMs);
    },
  });
  const [world] = worlds;
  if (world === undefined) throw new Error("the peer never started");
  const lost = world.parties.filter(({ connection, withdrawn }) => {
    const row = store.rows.get(connection);
    return !withdrawn && row !== undefined && (row.isDead || !world.provider.wouldAccept(row.refreshToken));
  });
  return { lostGrants: lost.length, rotations };
}

export function perMillion(lost: number, rotations: number): number {
  return rotations === 0 ? 0 : Math.round((lost * 1_000_000) / rotations);
}
