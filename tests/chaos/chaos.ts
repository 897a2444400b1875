import { LIVES, type ScaledPolicy } from "../kit/scaled-policy.ts";
import { Availability } from "./availability.ts";
import { type Callers, startCallers } from "./callers.ts";
import { connectAll } from "./connections.ts";
import { Fleet, nodesOver } from "./fleet.ts";
import { type HarmCounts, harmPlan, type Pace, type StoreKind } from "./harm-plan.ts";
import { Inflicting, inflictUntil } from "./inflict.ts";
import { findLosses, readStatuses } from "./losses.ts";
import { pause } from "./pause.ts";
import { outagePromise } from "./promise.ts";
import { Recoveries } from "./recoveries.ts";

export interface ChaosOptions {
  readonly minutes: number;
  readonly store: StoreKind;
  readonly seed: number;
  /** How many people have consented; a Custom Connection comes beside them. */
  readonly people: number;
  /** `calm`: one process is harmed at a time; `harsh`: each node and the store at any time, with a short grace. */
  readonly pace: Pace;
}

export interface ChaosReport {
  /** Connections that were asked for all the time, Custom Connections included. */
  readonly connections: number;
  /** Refresh tokens that the provider issued in exchange for another, by its ledger. */
  readonly rotations: number;
  /** Nodes that ended by SIGKILL, from outside or inside a point of an attempt. */
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
  /** Grants that are gone too, while the record shows that no node could have repeated their last attempt in time: not in `lost`. */
  readonly beyondPromise: number;
  /** The longest time in which no node was able to refresh anything. */
  readonly longestUnableMs: number;
  /** What was done, by kind. */
  readonly harms: HarmCounts;
  readonly store: StoreKind;
  readonly pace: Pace;
  readonly policy: ScaledPolicy;
  readonly minutes: number;
  readonly seed: number;
}

type Tell = (line: string) => void;

const POLICIES: { readonly [P in Pace]: ScaledPolicy } = { calm: "steady", harsh: "quick" };

/** Does random harm for a while, lets everything heal, and judges by the provider's ledger. */
export async function chaos(options: ChaosOptions, tell: Tell): Promise<ChaosReport> {
  const policy = POLICIES[options.pace];
  const recoveries = new Recoveries();
  const availability = new Availability(nodesOver(options.store), () => Date.now());
  let kills = 0;
  await using fleet = await Fleet.start(
    { ...options, policy },
    {
      ended: (node, by, output) => {
        availability.set(node, "process", false);
        if (by === "SIGKILL") kills += 1;
        else tell(`node ${node} ended (${by}): ${output.trim().slice(-1_500)}`);
        recoveries.harmed(node);
      },
      started: (node) => {
        availability.set(node, "process", true);
        recoveries.healed(node);
      },
    },
  );
  const connected = await connectAll(fleet, options.people);
  const callers = startCallers(fleet, {
    ...connected,
    accessLifeMs: LIVES[policy].accessSeconds * 1_000,
    served: (node, sentAtMs) => recoveries.served(node, sentAtMs),
    wrong: (connection, fault) => tell(`wrong token for ${connection}: ${fault}`),
  });
  const inflicting = new Inflicting(fleet, { recoveries, availability });
  await harm(inflicting, { options, tell });
  await converged(fleet, callers, tell);
  await callers.stop();
  // What comes now is the end of the trial, not an outage.
  const longestWithoutTokenMs = callers.longestWithoutTokenMs();
  const statuses = await readStatuses(fleet, tell);
  for (const by of await fleet.drain()) if (by !== 0) tell(`a node that was told to stop ended with ${by}`);
  // Past the grace of the last refresh, so that a spent token does not pass for a living grant.
  await fleet.sandbox.control.advance({ by: `${LIVES[policy].graceSeconds + 1}s` });
  const losses = findLosses(fleet, statuses, { availability, promise: outagePromise(policy), tell });
  for (const { connection, because } of losses) tell(`${connection} is lost: ${because}`);
  return {
    connections: connected.targets.length,
    rotations: rotationsOf(fleet),
    kills,
    lost: losses.filter(({ beyondPromise }) => !beyondPromise).length,
    wrongTokens: callers.wrongTokens(),
    duplicateSpends: fleet.identity.overlaps,
    longestWithoutTokenMs,
    recoveryMs: recoveries.summary(),
    beyondPromise: losses.filter(({ beyondPromise }) => beyondPromise).length,
    longestUnableMs: availability.longestUnableMs(),
    harms: inflicting.counts,
    store: options.store,
    pace: options.pace,
    policy,
    minutes: options.minutes,
    seed: options.seed,
  };
}

async function harm(
  inflicting: Inflicting,
  { options, tell }: { readonly options: ChaosOptions; readonly tell: Tell },
): Promise<void> {
  const endMs = performance.now() + options.minutes * 60_000;
  const plan = harmPlan(options.seed, { ...options, nodes: nodesOver(options.store) });
  await Promise.all([
    ...plan.processes.map((stream) =>
      inflictUntil(endMs, stream, (next) => {
        tell(JSON.stringify(next));
        return inflicting.onProcess(next);
      }),
    ),
    inflictUntil(endMs, plan.requests, (next) => {
      tell(JSON.stringify(next));
      inflicting.onRequests(next);
    }),
  ]);
  await inflicting.end();
}

const CONVERGED_WITHIN_MS = 60_000;

// Every node has to serve every connection with a token of a refresh that came after the last harm: so its chain was alive then.
async function converged(fleet: Fleet, callers: Callers, tell: Tell): Promise<void> {
  const sinceMs = Date.now();
  while (callers.missingSince(sinceMs).length > 0) {
    if (Date.now() > sinceMs + CONVERGED_WITHIN_MS) {
      tell(`not renewed after ${CONVERGED_WITHIN_MS} ms of calm: ${callers.missingSince(sinceMs).join(", ")}`);
      return;
    }
    await pause(100);
  }
  tell(`every node serves every connection; ${fleet.slots.filter(({ up }) => up).length} nodes are up`);
}

function rotationsOf({ sandbox }: Fleet): number {
  return sandbox.control.state().refreshTokens.filter(({ parentHash }) => parentHash !== null).length;
}
