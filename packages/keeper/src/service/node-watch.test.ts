import { EvergrantError, type NodeId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../stores/memory/memory-store.ts";
import { Activity } from "./activity.ts";
import type { RefreshHealth } from "./keeper.ts";
import { NodeWatch } from "./node-watch.ts";
import type { KeeperParts } from "./service-context.ts";

/** A node whose health a test sets, over a store that may take no writes. */
function aNode() {
  const time = { wallMs: () => 5, monotonicMs: () => 5, setTimer: () => ({ cancel: () => undefined }) };
  const node = "nd_1" as NodeId;
  const memory = memoryStore({ time, node });
  const world = { health: { refreshing: true, detail: null } as RefreshHealth, storeDown: false };
  const audit = {
    ...memory.audit,
    write: async (records: Parameters<typeof memory.audit.write>[0]) => {
      if (world.storeDown) throw new EvergrantError("store_unavailable");
      await memory.audit.write(records);
    },
  };
  const parts = {
    store: { ...memory, audit },
    node,
    time,
    activity: new Activity(() => undefined),
    report: () => undefined,
  };
  const watch = new NodeWatch(parts as unknown as KeeperParts, () => world.health);
  const look = async () => {
    watch.report({ what: "journal", subject: "x", error: null });
    await new Promise((resolve) => setImmediate(resolve));
    return (await memory.audit.outbox(10)).map(({ notice }) => notice);
  };
  return { world, look };
}

const ILL = { refreshing: false, detail: "the journal cannot be written" };
const WELL = { refreshing: true, detail: null };

describe("a node that cannot refresh", () => {
  test("says so once, and once that it can again", async () => {
    const { world, look } = aNode();
    expect(await look()).toEqual([]);
    world.health = ILL;
    await look();
    expect(await look()).toEqual(["node-degraded"]);
    world.health = WELL;
    await look();
    expect(await look()).toEqual(["node-degraded", "node-recovered"]);
  });

  test("says so afterwards where the store took nothing, and nothing at all where it is well by then", async () => {
    const { world, look } = aNode();
    world.health = ILL;
    world.storeDown = true;
    expect(await look()).toEqual([]);
    world.storeDown = false;
    expect(await look()).toEqual(["node-degraded"]);
    const other = aNode();
    other.world.health = ILL;
    other.world.storeDown = true;
    await other.look();
    other.world.health = WELL;
    other.world.storeDown = false;
    expect(await other.look()).toEqual([]);
  });
});
