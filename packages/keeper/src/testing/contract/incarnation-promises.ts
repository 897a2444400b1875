import { type GrantId, NO_LEASE } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import type { NodeRow } from "../../ports/node-store.ts";
import { change, deployment, furnish, GRANT, grant, NOTHING, QUARANTINE, records } from "./samples.ts";
import { NODE, SECOND_NODE, type StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const told = (atMs: number) => records(SUBJECT, "renewed", { atMs });
const row = (more: Partial<NodeRow> = {}): NodeRow => ({
  node: NODE,
  incarnation: 1,
  journalPosition: 5,
  writtenAtMs: 100,
  ...more,
});

/** By what a store is recognised that went back, or was copied. */
export function describeIncarnations(world: () => StoreWorld): void {
  describe("nodes", () => describeRows(world));
  describe("an incarnation", () => describeIncarnation(world));
  test("grants come in pages, by id, each once", async () => {
    const { store } = world();
    await furnish(store);
    const others = ["gr_0", "gr_2", "gr_3"].map((id) => id as GrantId);
    for (const id of others) await store.grants.create(grant({ id, subject: id, lease: NO_LEASE }), NOTHING);
    expect(await store.grants.page(null, 3)).toEqual(["gr_0", "gr_1", "gr_2"]);
    expect(await store.grants.page("gr_2" as GrantId, 3)).toEqual(["gr_3"]);
    expect(await store.grants.page("gr_3" as GrantId, 3)).toEqual([]);
  });
}

function describeRows(world: () => StoreWorld): void {
  test("are known once they wrote a row, which stays as it was written last", async () => {
    const { store } = world();
    expect(await store.nodes.find(NODE)).toBeUndefined();
    await store.nodes.write(row({ node: SECOND_NODE, incarnation: 2 ** 47 }), null);
    await store.nodes.write(row({ journalPosition: 9 }), null);
    await store.nodes.write(row(), null);
    expect(await store.nodes.find(NODE)).toEqual(row());
    expect(await store.nodes.list()).toEqual([row(), row({ node: SECOND_NODE, incarnation: 2 ** 47 })]);
  });

  test("are not written where the record that this node wrote last is gone, or is another", async () => {
    const { store } = world();
    await store.nodes.write(row(), null);
    await store.audit.write(records({ kind: "deployment", id: "dp_1" }, "worked"));
    const end = await store.audit.end();
    if (end === null) throw new Error("nothing was recorded");
    const later = row({ journalPosition: row().journalPosition + 5 });
    for (const gone of [
      { ...end, sequence: end.sequence + 1 },
      { ...end, hash: "another" },
    ]) {
      expect(await store.nodes.write(later, gone)).toBe(false);
      expect(await store.nodes.find(NODE)).toMatchObject({ writtenAtMs: row().writtenAtMs });
    }
    for (const node of [NODE, SECOND_NODE]) {
      const told = row({ node, writtenAtMs: row().writtenAtMs + 1 });
      expect(await store.nodes.write(told, end)).toBe(true);
      expect(await store.nodes.find(node)).toEqual(told);
    }
  });

  test("come with the deployment, where there is one, as both are at one moment", async () => {
    const { store } = world();
    await store.nodes.write(row(), null);
    expect(await store.deployment.readWithNodes()).toEqual({ deployment: undefined, nodes: [] });
    await store.deployment.create(deployment());
    await store.nodes.write(row({ node: SECOND_NODE, incarnation: 2 ** 47 }), null);
    expect(await store.deployment.readWithNodes()).toEqual({
      deployment: await store.deployment.read(),
      nodes: await store.nodes.list(),
    });
    expect((await store.deployment.readWithNodes()).nodes).toHaveLength(2);
  });

  test("come with a deployment alone where none wrote a row", async () => {
    const { store } = world();
    await store.deployment.create(deployment());
    expect(await store.deployment.readWithNodes()).toEqual({ deployment: await store.deployment.read(), nodes: [] });
  });

  test("that never wrote a row get none by what they record", async () => {
    const { store, mark } = world();
    mark.end = 7;
    await store.audit.write(told(200));
    expect(await store.nodes.list()).toEqual([]);
  });

  test("are moved on by every record, in its transaction, and by no other node's", async () => {
    const { store, mark, secondNode } = world();
    await furnish(store);
    await store.nodes.write(row(), null);
    mark.end = 8;
    await store.grants.change(GRANT, () => ({ change: change({ records: told(200) }), result: null }));
    expect(await store.nodes.find(NODE)).toEqual(row({ journalPosition: 8, writtenAtMs: 200 }));
    mark.end = 9;
    const unwritable = { ...told(300).audit[0], facts: { big: 1n } } as never;
    const failing = { audit: [unwritable], notices: [] };
    await expect(
      store.grants.change(GRANT, () => ({ change: change({ records: failing }), result: null })),
    ).rejects.toThrow();
    await store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 4 }), result: null }));
    const second = await secondNode?.();
    await second?.audit.write(told(400));
    await second?.close();
    expect(await store.nodes.find(NODE)).toEqual(row({ journalPosition: 8, writtenAtMs: 200 }));
  });

  test("are never moved on from behind what the store acknowledged: that is the trace of a store that went back", async () => {
    const { store, mark } = world();
    await store.nodes.write(row(), null);
    Object.assign(mark, { end: 12, acknowledged: 6 });
    await store.audit.write(told(200));
    expect(await store.nodes.find(NODE)).toEqual(row());
    mark.acknowledged = 5;
    await store.audit.write(told(300));
    expect(await store.nodes.find(NODE)).toEqual(row({ journalPosition: 12, writtenAtMs: 300 }));
  });

  test("are never moved back by a journal that is behind", async () => {
    const { store, mark } = world();
    await store.nodes.write(row({ journalPosition: 50 }), null);
    mark.end = 12;
    await store.audit.write(told(200));
    expect(await store.nodes.find(NODE)).toEqual(row({ journalPosition: 50 }));
  });
}

function describeIncarnation(world: () => StoreWorld): void {
  const made = async () => {
    const { store } = world();
    await store.deployment.create(deployment({ incarnation: 7 }));
    return store.deployment;
  };

  test("is put into quarantine once, by whoever finds a reason first", async () => {
    const store = await made();
    expect(await store.quarantine(6, QUARANTINE, told(1))).toBe(false);
    expect(await store.read()).toEqual(deployment({ incarnation: 7 }));
    expect(await store.quarantine(7, QUARANTINE, told(1))).toBe(true);
    expect(await store.quarantine(7, { ...QUARANTINE, sinceMs: 99 }, told(2))).toBe(false);
    expect(await store.read()).toEqual(deployment({ incarnation: 7, quarantine: QUARANTINE }));
    expect(await world().store.audit.story(SUBJECT, 9)).toHaveLength(1);
  });

  test("ends once, and its quarantine with it", async () => {
    const store = await made();
    await store.quarantine(7, QUARANTINE, NOTHING);
    const answers = await Promise.all(
      [8, 9, 10].map((to) => store.release({ as: "restored", from: 7, to, atMs: 3 }, told(to))),
    );
    expect(answers.filter((answer) => answer)).toHaveLength(1);
    const after = await store.read();
    expect(after).toEqual(
      deployment({
        incarnation: after?.incarnation ?? 0,
        quarantine: null,
        released: { as: "restored", from: 7, atMs: 3 },
      }),
    );
    expect([8, 9, 10]).toContain(after?.incarnation);
    expect(await world().store.audit.story(SUBJECT, 9)).toHaveLength(1);
  });

  test("cannot be put into quarantine or ended where there is no deployment", async () => {
    const { store } = world();
    expect(await store.deployment.quarantine(7, QUARANTINE, NOTHING)).toBe(false);
    expect(await store.deployment.release({ as: "cloned", from: 7, to: 8, atMs: 3 }, NOTHING)).toBe(false);
    expect(await store.deployment.read()).toBeUndefined();
  });
}
