import type { GrantId } from "@evergrant/core";
import type { GrantDecision, StoredGrant } from "../ports/grant-store.ts";
import type { Store } from "../ports/store.ts";
import type { NodeClock } from "./node-clock.ts";

/**
 * Leases are counted in the store's time, less what its clock was set back by. Whoever finds in a transaction that the store's clock is another
 * than was thought decides nothing by it before that was looked at.
 */
export function timedStore(store: Store, clock: Pick<NodeClock, "leaseNowMs">, look: () => Promise<void>): Store {
  const { grants } = store;
  type Decide<Result> = (grant: StoredGrant, nowMs: number) => GrantDecision<Result>;
  const change = async <Result>(id: GrantId, decide: Decide<Result>): Promise<Result | undefined> => {
    for (let tries = 1; ; tries += 1) {
      let isOther = false;
      const done = await grants.change<Result | typeof OTHER>(id, (grant, storeNowMs) => {
        const { leaseNowMs, isKnown } = clock.leaseNowMs(storeNowMs);
        isOther = !isKnown && tries < TRIES;
        return isOther ? { change: null, result: OTHER } : decide(grant, leaseNowMs);
      });
      if (done !== OTHER) return done;
      await look();
    }
  };
  return { ...store, grants: { ...grants, change } };
}

const OTHER = Symbol("the store's clock is another");
/** A clock that cannot be agreed on must not keep an answer from being settled. */
const TRIES = 3;
