import { EvergrantError } from "@evergrant/core";
import type { GrantChange, GrantDecision, GrantStore, Store, StoredGrant } from "@evergrant/keeper/parts";
import type { Rates } from "../plan/plan.ts";
import type { Stream } from "./chance.ts";
import type { History } from "./history.ts";
import type { Life, Machine } from "./machine.ts";

/** How long a node waits for a database that does not answer. */
const STORE_TIMEOUT_MS = 5_000;
const REFUSED_AFTER_MS = 20;

export interface StoreLinkParts {
  /** The database as this node's sessions see it. */
  readonly store: Store;
  readonly machine: Machine;
  readonly life: Life;
  readonly chance: Stream;
  rates(): Rates;
  readonly latencyMs: number;
  readonly history: History;
  /** The database is down, or this node is cut off from it. */
  isAway(): boolean;
  /** Told as a grant is read. */
  readsGrant(): void;
  /** Asked before an intent is written; true: the process ends here. */
  endsBeforeIntent(): boolean;
  /** Asked when a start replays an answer of its journal into the store; true: the process ends here. */
  endsInReplay(change: GrantChange | null): boolean;
}

/** The store as one node sees it: every call goes over a wire that may be cut, slow, or lose what it carries. */
export function storeLink(parts: StoreLinkParts): Store {
  const { store } = parts;
  return {
    grants: {
      ...linked(parts, store.grants),
      load: (id) =>
        overWire(parts, async () => {
          parts.readsGrant();
          return await store.grants.load(id);
        }),
      change: (id, decide) => changeGrant(parts, id, decide),
    },
    apps: linked(parts, store.apps),
    connections: linked(parts, store.connections),
    consents: linked(parts, store.consents),
    callers: linked(parts, store.callers),
    assertions: linked(parts, store.assertions),
    audit: linked(parts, store.audit),
    deployment: linked(parts, store.deployment),
    nodes: linked(parts, store.nodes),
    operators: linked(parts, store.operators),
    sessions: linked(parts, store.sessions),
    idempotency: linked(parts, store.idempotency),
    notices: linked(parts, store.notices),
    wrappedKeys: linked(parts, store.wrappedKeys),
    close: async () => undefined,
  };
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

function linked<Port extends object>(parts: StoreLinkParts, port: Port): Port {
  const methods = Object.entries(port).map(([name, method]: [string, Method]) => [
    name,
    (...args: readonly unknown[]) => overWire(parts, () => method(...args)),
  ]);
  return Object.fromEntries(methods) as Port;
}

/** One call: there and back, or `store_unavailable`; nothing at all for a process that has ended meanwhile. */
export function overWire<T>(parts: StoreLinkParts, work: () => Promise<T>): Promise<T> {
  const { machine, life, chance } = parts;
  const rates = parts.rates();
  return new Promise((resolve, reject) => {
    if (!life.alive) return;
    const fail = (afterMs: number) =>
      machine.deliver(life, afterMs, () => reject(new EvergrantError("store_unavailable")));
    const arrive = () => {
      if (parts.isAway()) return void fail(REFUSED_AFTER_MS);
      const acknowledgementLost = chance.happens(rates["store-ack-lost"] ?? 0);
      work().then(
        (result) => {
          if (acknowledgementLost) fail(STORE_TIMEOUT_MS);
          else if (life.alive) resolve(result);
        },
        (error: unknown) => life.alive && reject(error),
      );
    };
    if (chance.happens(rates["store-lost"] ?? 0)) return void fail(STORE_TIMEOUT_MS);
    const delayMs = delayOf(parts);
    if (delayMs === 0) arrive();
    else machine.deliver(life, delayMs, arrive);
  });
}

function delayOf({ chance, rates, latencyMs }: StoreLinkParts): number {
  if (chance.happens(rates()["store-slow"] ?? 0)) return chance.between(500, STORE_TIMEOUT_MS - 500);
  return latencyMs === 0 ? 0 : chance.below(latencyMs + 1);
}

interface Decided<Result> {
  readonly grant: StoredGrant;
  readonly decision: GrantDecision<Result>;
}

function changeGrant<Result>(
  parts: StoreLinkParts,
  id: Parameters<GrantStore["change"]>[0],
  decide: (grant: StoredGrant, nowMs: number) => GrantDecision<Result>,
): Promise<Result | undefined> {
  const { store, machine, life, history } = parts;
  return overWire(parts, async () => {
    const decided: Decided<Result>[] = [];
    let ended = false;
    const result = await store.grants.change<Result | undefined>(id, (grant, nowMs) => {
      const decision = decide(grant, nowMs);
      const isIntent = decision.change?.records.audit[0]?.event === "attempt-begun";
      if (life.starting && !isIntent && parts.endsInReplay(decision.change)) ended = true;
      if (isIntent && parts.endsBeforeIntent()) ended = true;
      if (ended) return { change: null, result: undefined };
      decided.push({ grant, decision });
      return decision;
    });
    if (ended) return await new Promise<never>(() => undefined);
    const last = decided.at(-1);
    if (last !== undefined) report(last);
    return result;
  });

  function report({ grant, decision }: Decided<Result>): void {
    const { change } = decision;
    if (change === null || (change.state === null && change.tokens.length === 0)) return;
    const after = change.state ?? grant.state;
    const lease = change.lease ?? grant.lease;
    history.record({
      kind: "stored",
      node: machine.name,
      grant: grant.id,
      before: grant.state,
      after,
      leaseBefore: grant.lease,
      lease,
      audit: change.records.audit,
      notices: change.records.notices,
      tokens: change.tokens,
      stored: { ...grant, state: after, lease, dueAtMs: change.dueAtMs },
    });
  }
}
