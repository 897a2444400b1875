import type { Connection } from "@evergrant/contract";
import type { Availability } from "./availability.ts";
import type { Fleet } from "./fleet.ts";
import type { OutagePromise } from "./promise.ts";

/** A grant that is gone, and whether that lies outside of what was promised. */
export interface Loss {
  readonly connection: string;
  readonly beyondPromise: boolean;
  readonly because: string;
}

export interface LossParts {
  readonly availability: Availability;
  readonly promise: OutagePromise;
  readonly tell: (line: string) => void;
}

/**
 * Every grant none of whose refresh tokens the provider accepts, by its ledger, and every connection that was given up although it does:
 * mostly for a token whose answer reached nobody. The nodes have to be drained and the grace over; `statuses` is what they said before.
 */
export function findLosses(fleet: Fleet, statuses: readonly Connection[], parts: LossParts): readonly Loss[] {
  const { forks, lostGrants, liveGrants } = fleet.sandbox.control.verify();
  parts.tell(JSON.stringify({ forks, lostGrants, liveGrants }));
  const lost = lostGrants.map(({ grantId, userId }) =>
    judge(connectionOf(fleet, userId), lastSpentMs(fleet, grantId), parts),
  );
  const known = new Set(lost.map(({ connection }) => connection));
  const givenUp = statuses
    .filter(({ name, status }) => status !== "connected" && !known.has(name))
    .map((connection) => judgeGivenUp(fleet, connection, parts));
  return [...lost, ...givenUp];
}

// What was refused last decides: a token that had been spent, and whose repeat came too late, is lost with its answer. No other may be.
function judgeGivenUp(fleet: Fleet, { name, status }: Connection, parts: LossParts): Loss {
  const tokens = fleet.sandbox.control
    .grants()
    .filter(({ userId }) => connectionOf(fleet, userId) === name)
    .flatMap(({ id }) => fleet.sandbox.control.grant(id).refreshTokens);
  const [refused] = tokens.toSorted((a, b) => (b.lastRefusedAtMs ?? 0) - (a.lastRefusedAtMs ?? 0));
  const spentAtMs = refused?.lastRefusedAtMs == null ? null : refused.firstUsedAtMs;
  if (spentAtMs !== null) return judge(name, spentAtMs, parts);
  return { connection: name, beyondPromise: false, because: `it is ${status}, and no spent token of it was refused` };
}

// Every person here is named after the one connection that is theirs.
function connectionOf({ sandbox }: Fleet, userId: string): string {
  const email = sandbox.control.users().find(({ id }) => id === userId)?.email;
  return email?.split("@")[0] ?? userId;
}

/** What the connections are, as any node tells it; and the story of those that are not connected. */
export async function readStatuses(fleet: Fleet, tell: (line: string) => void): Promise<readonly Connection[]> {
  const { connections } = await fleet.admin.get<{ connections: readonly Connection[] }>("/connections");
  for (const { name, status } of connections)
    if (status !== "connected")
      tell(`${name} is ${status}: ${JSON.stringify(await fleet.admin.get(`/connections/${name}/story?limit=20`))}`);
  return connections;
}

// A chain ends with a token that was spent and whose answer nobody kept: everything turns on when that one was spent first.
function lastSpentMs(fleet: Fleet, grantId: string): number {
  const { refreshTokens } = fleet.sandbox.control.grant(grantId);
  return Math.max(...refreshTokens.map(({ firstUsedAtMs }) => firstUsedAtMs ?? 0));
}

function judge(connection: string, spentAtMs: number, { availability, promise }: LossParts): Loss {
  const { spendWindowMs, leaseMs, neededMs } = promise;
  const ableMs = availability.longestAbleMs(spentAtMs + leaseMs, spentAtMs + spendWindowMs);
  const beyondPromise = ableMs < neededMs;
  const because =
    `its last token was spent at ${new Date(spentAtMs).toISOString()} and could be repeated for ${spendWindowMs} ms; ` +
    `after the lease of ${leaseMs} ms some node was able for at most ${ableMs} ms on end, and ${neededMs} ms are needed`;
  return { connection, beyondPromise, because };
}
