import type { GrantId } from "@evergrant/core";
import type { GrantDecision, StoredGrant } from "../ports/grant-store.ts";
import type { Store } from "../ports/store.ts";
import type { NodeClock } from "./node-clock.ts";

/**
 * Leases are counted in the time that the nodes go by: the store's, and what its clock was set back by. Whoever finds in a transaction that the
 * store's clock is another than was thought decides nothing before that was looked at.
 */
export function timedStore(store: Store, clock: Pick<NodeClock, "leaseNowMs" | "look">): Store {
  const { grants } = store;
  type Decide<Result> = (grant: StoredGrant, nowMs: number) => GrantDecision<Result>;
  const change = async <Result>(id: GrantId, decide: Decide<Result>): Promise<Result | undefined> => {
    for (let tries = 1; ; tries += 1) {
      const done = await grants.change<Result | typeof OTHER>(id, (grant, storeNowMs) => {
        const { leaseNowMs, isKnown } = clock.leaseNowMs(storeNowMs);
        return isKnown || tries === TRIES ? decide(grant, leaseNowMs) : { change: null, result: OTHER };
      });
      if (done !== OTHER) return done;
      await clock.look();
    }
  };
  return { ...store, grants: { ...grants, change } };
}

const OTHER = Symbol("the store's clock is another");
/** A clock that cannot be agreed on must not keep an answer from being settled. */
const TRIES = 3;
