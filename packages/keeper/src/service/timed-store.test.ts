import type { GrantId, NodeId } from "@evergrant/core";
import { expect, test } from "vitest";
import type { GrantDecision, GrantStore, StoredGrant } from "../ports/grant-store.ts";
import type { Store } from "../ports/store.ts";
import { memoryDatabase } from "../stores/memory/memory-store.ts";
import { timedStore } from "./timed-store.ts";

const HOUR_MS = 3_600_000;

/** A store whose clock is an hour behind what was thought, until that is looked at often enough. */
function world(knownAfterLooks: number) {
  const seen = { looks: 0, written: 0, nowMs: [] as number[] };
  const time = { wallMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => undefined }) };
  const plain = memoryDatabase({ time }).storeOf("node-1" as NodeId);
  const change: GrantStore["change"] = async (_id, decide) => {
    const { change: written, result } = decide({} as StoredGrant, -HOUR_MS);
    if (written !== null) seen.written += 1;
    return result;
  };
  const store: Store = { ...plain, grants: { ...plain.grants, change } };
  const isKnown = () => seen.looks >= knownAfterLooks;
  const clock = {
    leaseNowMs: (storeNowMs: number) => ({
      leaseNowMs: isKnown() ? storeNowMs + HOUR_MS : storeNowMs,
      isKnown: isKnown(),
    }),
    look: async () => {
      seen.looks += 1;
    },
  };
  const timed = timedStore(store, clock);
  const decide = (_grant: StoredGrant, nowMs: number): GrantDecision<string> => {
    seen.nowMs.push(nowMs);
    return {
      change: { state: null, lease: null, dueAtMs: 1, tokens: [], records: { audit: [], notices: [] } },
      result: "done",
    };
  };
  return { seen, changed: () => timed.grants.change("gr_1" as GrantId, decide) };
}

test("in the time that is known, a grant is changed at once", async () => {
  const { seen, changed } = world(0);
  expect(await changed()).toBe("done");
  expect(seen).toEqual({ looks: 0, written: 1, nowMs: [0] });
});

test("where the store's clock is found to be another, it is looked at before anything is decided", async () => {
  const { seen, changed } = world(1);
  expect(await changed()).toBe("done");
  expect(seen).toEqual({ looks: 1, written: 1, nowMs: [0] });
});

test("a clock that cannot be agreed on keeps no answer from being settled", async () => {
  const { seen, changed } = world(99);
  expect(await changed()).toBe("done");
  expect(seen).toEqual({ looks: 2, written: 1, nowMs: [-HOUR_MS] });
});
