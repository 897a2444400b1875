import { type AppId, type ChainId, chainOf, type GrantId, type LeaseOwner, NO_LEASE } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GrantStore } from "../../ports/grant-store.ts";
import * as arbitrary from "./arbitraries.ts";
import { APP, app, change, furnish, GRANT, grant, live, NOTHING, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;

export function describeGrants(world: () => StoreWorld): void {
  describe("grants", () => {
    describeCreation(world);
    describeChange(world);
    describeSchedule(world);
  });
}

function describeCreation(world: () => StoreWorld): void {
  test("a grant comes back as it went in, by id and by subject", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    await fc.assert(
      fc.asyncProperty(arbitrary.storedGrant, async (stored) => {
        if ((await store.grants.create(stored, NOTHING)) === "exists") return;
        expect(await store.grants.load(stored.id)).toEqual(stored);
        if (stored.subject !== null) expect(await store.grants.findBySubject(APP, stored.subject)).toEqual(stored);
      }),
      { numRuns: 60 },
    );
  });

  test("what is not there is undefined", async () => {
    const { store } = world();
    await furnish(store);
    expect(await store.grants.load("gr_none" as GrantId)).toBeUndefined();
    expect(await store.grants.findBySubject(APP, "nobody")).toBeUndefined();
    expect(await store.grants.findBySubject("ap_none" as AppId, "person-1")).toBeUndefined();
  });

  test("a second grant for the same person at the same app is not written", async () => {
    const { store } = world();
    await furnish(store);
    const second = grant({ id: "gr_2" as GrantId, state: { kind: "unconsented" } });
    expect(await store.grants.create(second, records({ kind: "grant", id: second.id }, "created"))).toBe("exists");
    expect(await store.grants.load(second.id)).toBeUndefined();
    expect(await store.grants.findBySubject(APP, "person-1")).toEqual(grant());
    expect(await store.audit.story({ kind: "grant", id: second.id }, 10)).toEqual([]);
  });

  test("the same grant created again is not written", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    await store.grants.create(grant({ subject: null }), NOTHING);
    expect(await store.grants.create(grant({ subject: null, dueAtMs: 7 }), NOTHING)).toBe("exists");
    expect(await store.grants.load(GRANT)).toEqual(grant({ subject: null }));
  });

  test("the same person at another app, and persons without a name, have grants of their own", async () => {
    const { store } = world();
    await furnish(store);
    const other = "ap_2" as AppId;
    await store.apps.create(app({ id: other, name: "other" }), NOTHING);
    const made = [
      grant({ id: "gr_2" as GrantId, app: other }),
      grant({ id: "gr_3" as GrantId, subject: null }),
      grant({ id: "gr_4" as GrantId, subject: null }),
    ];
    for (const one of made) expect(await store.grants.create(one, NOTHING)).toBe("created");
    expect(await store.grants.findBySubject(other, "person-1")).toEqual(made[0]);
  });

  test("of ten that create the grant of one person at the same moment, one does", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.grants.create(grant({ id: `gr_${n}` as GrantId }), records(SUBJECT, "grant-created")),
      ),
    );
    expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
    expect(await store.audit.story(SUBJECT, 20)).toHaveLength(1);
  });
}

function describeChange(world: () => StoreWorld): void {
  test("fifty changes at the same moment are made one after the other", async () => {
    const { store } = world();
    await furnish(store);
    await Promise.all(
      Array.from({ length: 50 }, () =>
        store.grants.change(GRANT, (current) => {
          const generation = (chainOf(current.state)?.generation ?? 0) + 1;
          const lease = { ...current.lease, fence: current.lease.fence + 1 };
          return { change: change({ state: live(generation), lease }), result: null };
        }),
      ),
    );
    const after = await store.grants.load(GRANT);
    expect(after?.lease.fence).toBe(50);
    expect(after && chainOf(after.state)?.generation).toBe(50);
  });

  test("of ten that take a free lease at the same moment, one gets it", async () => {
    const { store } = world();
    await furnish(store);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.grants.change(GRANT, (current, nowMs) => {
          if (current.lease.owner !== null && current.lease.untilMs > nowMs) return { change: null, result: false };
          const lease = { fence: current.lease.fence + 1, owner: `lo_${n}` as LeaseOwner, untilMs: nowMs + 90_000 };
          return { change: change({ lease }), result: true };
        }),
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test("every state and lease comes back as the change wrote it", async () => {
    const { store } = world();
    await furnish(store);
    await fc.assert(
      fc.asyncProperty(arbitrary.grantState, arbitrary.lease, fc.nat(), async (state, lease, dueAtMs) => {
        await store.grants.change(GRANT, () => ({ change: change({ state, lease, dueAtMs }), result: null }));
        expect(await store.grants.load(GRANT)).toEqual(grant({ state, lease, dueAtMs }));
      }),
      { numRuns: 60 },
    );
  });

  test("the decision sees the store's time, as it is now", async () => {
    const { store, time, ownNowMs = async () => time.wallMs() } = world();
    await furnish(store);
    for (const passingMs of [0, 61_000]) {
      time.advance(passingMs);
      const beforeMs = await ownNowMs();
      const seenMs = await store.grants.change(GRANT, (_, nowMs) => ({ change: null, result: nowMs }));
      expect(seenMs).toBeGreaterThanOrEqual(beforeMs);
      expect(seenMs).toBeLessThanOrEqual(await ownNowMs());
    }
  });

  test("a change may leave state and lease as they are, and clears the due instant with null", async () => {
    const { store } = world();
    await furnish(store);
    const lease = { fence: 3, owner: "lo_1" as LeaseOwner, untilMs: 9_000 };
    await store.grants.change(GRANT, () => ({ change: change({ state: live(4), lease, dueAtMs: 5 }), result: null }));
    await store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 6 }), result: null }));
    expect(await store.grants.load(GRANT)).toEqual(grant({ state: live(4), lease, dueAtMs: 6 }));
    await store.grants.change(GRANT, () => ({ change: change({ lease: NO_LEASE }), result: null }));
    expect(await store.grants.load(GRANT)).toEqual(grant({ state: live(4) }));
  });

  test("a new chain begins its generations anew", async () => {
    const { store } = world();
    await furnish(store);
    const next = live(0, "ch_2" as ChainId);
    await store.grants.change(GRANT, () => ({ change: change({ state: live(7) }), result: null }));
    await store.grants.change(GRANT, () => ({ change: change({ state: next }), result: null }));
    expect((await store.grants.load(GRANT))?.state).toEqual(next);
  });

  test("a decision not to change gives its result and writes nothing", async () => {
    const { store } = world();
    await furnish(store);
    const result = await store.grants.change(GRANT, (current) => ({ change: null, result: current.subject }));
    expect(result).toBe("person-1");
    expect(await store.grants.load(GRANT)).toEqual(grant());
  });

  test("a decision about a grant that is not there is never asked for", async () => {
    const { store } = world();
    const asked = store.grants.change(GRANT, () => {
      throw new Error("asked");
    });
    expect(await asked).toBeUndefined();
  });

  test("a decision that throws writes nothing, says so, and leaves the store usable", async () => {
    const { store } = world();
    await furnish(store);
    const refused = store.grants.change(GRANT, () => {
      throw new RangeError("no");
    });
    await expect(refused).rejects.toThrow(RangeError);
    expect(await store.grants.load(GRANT)).toEqual(grant());
    await store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 1 }), result: null }));
    expect(await store.grants.load(GRANT)).toEqual(grant({ dueAtMs: 1 }));
  });
}

function describeSchedule(world: () => StoreWorld): void {
  async function scheduled(dues: readonly (number | null)[]): Promise<void> {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    for (const [n, dueAtMs] of dues.entries())
      await store.grants.create(grant({ id: `gr_${n}` as GrantId, subject: `person-${n}`, dueAtMs }), NOTHING);
  }

  test("due grants come soonest first, no later than asked and no more than asked", async () => {
    await scheduled([300, 100, null, 200, 201]);
    const { grants } = world().store;
    expect(await grants.due(99, 10)).toEqual([]);
    expect(await grants.due(200, 10)).toEqual(["gr_1", "gr_3"]);
    expect(await grants.due(1_000, 3)).toEqual(["gr_1", "gr_3", "gr_4"]);
    expect(await grants.due(1_000, 10)).toEqual(["gr_1", "gr_3", "gr_4", "gr_0"]);
  });

  test("claimed grants come as the due ones do, and no more until they are due again", async () => {
    await scheduled([300, 100, null, 200]);
    const { grants } = world().store;
    const claim = async (...asked: Parameters<GrantStore["claimDue"]>) => {
      const { grants: claimed, nextDueMs } = await grants.claimDue(...asked);
      return [claimed.map(({ id }) => id), nextDueMs];
    };
    expect(await claim(99, 10, 900)).toEqual([[], 100]);
    expect(await claim(250, 1, 900)).toEqual([["gr_1"], 200]);
    expect(await claim(250, 10, 900)).toEqual([["gr_3"], 300]);
    expect(await claim(250, 10, 900)).toEqual([[], 300]);
    expect(await claim(900, 10, 1_800)).toEqual([["gr_0", "gr_1", "gr_3"], null]);
    expect(await claim(900, 10, 1_800)).toEqual([[], 1_800]);
  });

  test("a change says when a claimed grant is due, and leaves everything else of it as it was", async () => {
    await scheduled([100]);
    const { grants } = world().store;
    const id = "gr_0" as GrantId;
    const before = await grants.load(id);
    const claimed = { ...before, dueAtMs: 900 };
    expect(await grants.claimDue(100, 10, 900)).toEqual({ grants: [claimed], nextDueMs: null });
    expect(await grants.load(id)).toEqual(claimed);
    await grants.change(id, () => ({ change: change({ dueAtMs: 400 }), result: null }));
    expect((await grants.claimDue(400, 10, 900)).grants.map((grant) => grant.id)).toEqual([id]);
  });

  test("the next due instant is the soonest of all, and null when nothing is scheduled", async () => {
    await scheduled([null, 300, 100]);
    const { grants } = world().store;
    expect(await grants.claimDue(0, 10, 900)).toEqual({ grants: [], nextDueMs: 100 });
    for (const id of ["gr_1", "gr_2"] as GrantId[]) await grants.change(id, () => ({ change: change(), result: null }));
    expect(await grants.claimDue(0, 10, 900)).toEqual({ grants: [], nextDueMs: null });
  });
}
