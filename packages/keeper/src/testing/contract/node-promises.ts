import { type CallerId, chainOf, type GrantId, type LeaseOwner } from "@evergrant/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../ports/store.ts";
import { app, CALLER, caller, change, deployment, furnish, GRANT, grant, live, NOTHING, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;

/** What several nodes on one database are promised. */
export function describeNodes(world: () => StoreWorld): void {
  describe("two nodes", () => {
    let nodes: readonly Store[] = [];
    beforeEach(async () => {
      const { store, secondNode } = world();
      if (secondNode === undefined) throw new Error("a shared store needs a second node");
      nodes = [store, await secondNode()];
    });
    afterEach(async () => {
      await nodes[1]?.close();
      nodes = [];
    });
    /** The nodes in turn. */
    const node = (n: number): Store => nodes[n % 2] ?? world().store;
    const atOnce = <T>(count: number, ask: (store: Store, n: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, n) => ask(node(n), n)));
    describeSharing(node, atOnce);
    describeClaims(node, atOnce);
  });
}

type AtOnce = <T>(count: number, ask: (store: Store, n: number) => Promise<T>) => Promise<T[]>;

function describeSharing(node: (n: number) => Store, atOnce: AtOnce): void {
  test("let an assertion be used at one of them, once", async () => {
    const answers = await atOnce(20, (store) => store.assertions.claim("digest", 1_000));
    expect(answers.filter((answer) => answer === "claimed")).toHaveLength(1);
  });

  test("see what the other wrote, at once", async () => {
    await furnish(node(0));
    expect(await node(1).grants.load(GRANT)).toEqual(grant());
    const epoch = await node(1).callers.epoch();
    await node(0).callers.create(caller(), NOTHING);
    expect(await node(1).callers.find(CALLER)).toEqual(caller());
    expect(await node(1).callers.epoch()).toBe(epoch + 1);
  });

  test("make a hundred changes of one grant one after the other", async () => {
    await furnish(node(0));
    await atOnce(100, (store) =>
      store.grants.change(GRANT, (current) => {
        const generation = (chainOf(current.state)?.generation ?? 0) + 1;
        const lease = { ...current.lease, fence: current.lease.fence + 1 };
        return {
          change: change({ state: live(generation), lease, records: records(SUBJECT, "renewed") }),
          result: null,
        };
      }),
    );
    const after = await node(1).grants.load(GRANT);
    expect(after?.lease.fence).toBe(100);
    expect(after && chainOf(after.state)?.generation).toBe(100);
    expect(await node(0).audit.story(SUBJECT, 200)).toHaveLength(100);
  });

  test("of fifty that take a free lease at the same moment, one gets it, with a fence of its own each time", async () => {
    await furnish(node(0));
    for (let round = 1; round <= 3; round += 1) {
      const answers = await atOnce(50, (store, n) =>
        store.grants.change(GRANT, ({ lease }, nowMs) => {
          if (lease.owner !== null && lease.untilMs > nowMs) return { change: null, result: null };
          const taken = { fence: lease.fence + 1, owner: `lo_${n}` as LeaseOwner, untilMs: nowMs + 90_000 };
          return { change: change({ lease: taken }), result: taken };
        }),
      );
      const taken = answers.filter((one) => one !== null);
      expect(taken.map((one) => one?.fence)).toEqual([round]);
      await node(round).grants.change(GRANT, ({ lease }) => ({
        change: change({ lease: { ...lease, owner: null, untilMs: 0 } }),
        result: null,
      }));
    }
  });

  test("write an audit chain each, whole, however they write at the same moment", async () => {
    await atOnce(60, (store, n) => store.audit.write(records(SUBJECT, `event-${n}`)));
    expect(await node(0).audit.firstBroken()).toBeNull();
    expect(await node(1).audit.firstBroken()).toBeNull();
    const chains = await node(0).audit.chains();
    expect(chains.map(({ sequence }) => sequence)).toEqual([30, 30]);
    for (const chain of chains) expect(await node(1).audit.firstBroken(chain.node)).toBeNull();
    const page = await node(1).audit.page(null, 100);
    expect(new Set(page.map(({ node: of, sequence }) => `${of} ${sequence}`)).size).toBe(60);
    const story = await node(0).audit.story(SUBJECT, 100);
    const sequences = story.map(({ sequence }) => sequence).toSorted((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: 60 }, (_, n) => Math.floor(n / 2) + 1));
  });

  test("that make the deployment at the same moment agree on one", async () => {
    const answers = await atOnce(10, (store, n) => store.deployment.create(deployment({ id: `dp_${n}` })));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  });

  test("that change callers at the same moment count every change in the epoch, and give a name once", async () => {
    const epoch = await node(0).callers.epoch();
    const made = await atOnce(20, (store, n) =>
      store.callers.create(caller({ id: `cl_${n}` as CallerId, name: `job-${n % 10}` }), NOTHING),
    );
    expect(made.filter((one) => one === "created")).toHaveLength(10);
    expect(await node(1).callers.epoch()).toBe(epoch + 10);
  });
}

function describeClaims(node: (n: number) => Store, atOnce: AtOnce): void {
  test("never claim one due grant twice, and leave none", async () => {
    await node(0).apps.create(app(), NOTHING);
    const all = Array.from({ length: 40 }, (_, n) => `gr_${String(n).padStart(2, "0")}` as GrantId);
    for (const [n, id] of all.entries())
      await node(n).grants.create(grant({ id, subject: `person-${n}`, dueAtMs: n }), NOTHING);
    const claimed: GrantId[] = [];
    // Rows that the other is claiming at that moment are passed over: whoever got nothing looks again.
    for (let round = 0; claimed.length < all.length && round < 50; round += 1)
      for (const { grants } of await atOnce(6, (store) => store.grants.claimDue(1_000, 5, 10_000)))
        claimed.push(...grants.map(({ id }) => id));
    expect(claimed.toSorted()).toEqual(all);
    expect(await node(0).grants.claimDue(1_000, 5, 10_000)).toEqual({ grants: [], nextDueMs: 10_000 });
    expect((await node(1).grants.claimDue(10_000, 100, 20_000)).grants).toHaveLength(all.length);
  });
}
