import type { Connection } from "@evergrant/contract";
import { type Callers, startCallers } from "./callers.ts";
import { connectAll, type Targets } from "./connections.ts";
import { Fleet } from "./fleet.ts";
import { harmPlan, type StoreKind } from "./harm-plan.ts";
import { inflictOnProcess, inflictOnRequests, inflictUntil } from "./inflict.ts";
import { pause } from "./pause.ts";
import { Recoveries } from "./recoveries.ts";

export interface ChaosOptions {
  readonly minutes: number;
  readonly store: StoreKind;
  readonly seed: number;
}

export interface ChaosReport {
  /** Connections that were asked for all the time, Custom Connections included. */
  readonly connections: number;
  /** Refresh tokens that the provider issued after the consents, by its ledger. */
  readonly rotations: number;
  /** Nodes that ended by SIGKILL, from outside or inside a point of a refresh. */
  readonly kills: number;
  /** Grants none of whose refresh tokens the provider accepts at the end, by its ledger, and connections that are given up although it does. */
  readonly lost: number;
  /** Tokens served for a connection that were of another app or person, or did not reach its organisation. */
  readonly wrongTokens: number;
  /**
   * Refresh tokens that were sent while an earlier sending of the same token was still on its way, with neither an answer nor an end of its
   * connection, as the proxy before the provider sees it. Two nodes, or two attempts, at one token at the same time: what the lease is to
   * prevent. A repeat after a lost answer, inside the provider's grace, is the protocol and does not count.
   */
  readonly duplicateSpends: number;
  /** The longest time in which no node gave any caller a token of some one connection. */
  readonly longestWithoutTokenMs: number;
  /** From the harm to a node (killed, frozen, cut off from the store) until that same node serves a token again. */
  readonly recoveryMs: { readonly p50: number; readonly max: number };
}

type Tell = (line: string) => void;

/** Does random harm for a while, lets everything heal, and judges by the provider's ledger. */
export async function chaos(options: ChaosOptions, tell: Tell): Promise<ChaosReport> {
  const recoveries = new Recoveries();
  let kills = 0;
  await using fleet = await Fleet.start(options, {
    ended: (node, by, output) => {
      if (by === "SIGKILL") kills += 1;
      else tell(`node ${node} ended (${by}): ${output.trim().slice(-1_500)}`);
      recoveries.harmed(node);
    },
    started: (node) => recoveries.healed(node),
  });
  const targets = await connectAll(fleet);
  const { refreshTokens } = fleet.sandbox.control.verify();
  const callers = startCallers(fleet, {
    ...targets,
    served: (node, sentAtMs) => recoveries.served(node, sentAtMs),
    wrong: (connection, fault) => tell(`wrong token for ${connection}: ${fault}`),
  });
  await harm(fleet, { options, recoveries, tell });
  await converged(fleet, callers, tell);
  await callers.stop();
  return {
    connections: targets.targets.length,
    rotations: fleet.sandbox.control.verify().refreshTokens - refreshTokens,
    kills,
    lost: await countLost(fleet, targets, tell),
    wrongTokens: callers.wrongTokens(),
    duplicateSpends: fleet.identity.overlaps,
    longestWithoutTokenMs: callers.longestWithoutTokenMs(),
    recoveryMs: recoveries.summary(),
  };
}

interface Harming {
  readonly options: ChaosOptions;
  readonly recoveries: Recoveries;
  readonly tell: Tell;
}

async function harm(fleet: Fleet, { options, recoveries, tell }: Harming): Promise<void> {
  const endMs = performance.now() + options.minutes * 60_000;
  const plan = harmPlan(options.seed, { store: options.store, nodes: fleet.slots.length });
  await Promise.all([
    inflictUntil(endMs, plan.processes, (next) => {
      tell(JSON.stringify(next));
      return inflictOnProcess(fleet, recoveries, next);
    }),
    inflictUntil(endMs, plan.requests, (next) => {
      tell(JSON.stringify(next));
      inflictOnRequests(fleet, next);
    }),
  ]);
  fleet.sandbox.control.clearFaults();
  for (const proxy of [fleet.identity, ...fleet.storeProxies]) proxy.heal();
}

const GRACE_MS = 8_000;
const CONVERGED_WITHIN_MS = 60_000;

// First the grace runs out, so that a spent token no longer passes for a living grant; then every node has to serve every connection.
async function converged(fleet: Fleet, callers: Callers, tell: Tell): Promise<void> {
  await pause(GRACE_MS + 2_000);
  const sinceMs = performance.now();
  while (!callers.allServedSince(sinceMs)) {
    if (performance.now() > sinceMs + CONVERGED_WITHIN_MS) {
      tell(`not served after ${CONVERGED_WITHIN_MS} ms of calm: ${callers.missingSince(sinceMs).join(", ")}`);
      return;
    }
    await pause(100);
  }
  tell(`every node serves every connection; ${fleet.slots.filter(({ up }) => up).length} nodes are up`);
}

async function countLost(fleet: Fleet, { targets }: Targets, tell: Tell): Promise<number> {
  const report = fleet.sandbox.control.verify();
  tell(JSON.stringify({ ok: report.ok, forks: report.forks, lostGrants: report.lostGrants, live: report.liveGrants }));
  const lost = new Set(report.lostGrants.map(({ clientId, userId }) => `${clientId} ${userId}`));
  for (const { name, clientId, subject } of targets) {
    const { status } = await fleet.admin.get<Connection>(`/connections/${name}`);
    const known = subject !== null && lost.has(`${clientId} ${subject}`);
    if (status === "connected" && !known) continue;
    tell(`${name} is ${status}: ${JSON.stringify(await fleet.admin.get(`/connections/${name}/story?limit=20`))}`);
    if (status === "consent-needed") lost.add(subject === null ? name : `${clientId} ${subject}`);
  }
  return lost.size;
}
