import { DEFAULT_LIMITS, EvergrantError, type NodeId, Secret } from "@evergrant/core";
import { expect, test, vi } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { KeyCustody } from "../ports/key-custody.ts";
import { realChance } from "../real-time.ts";
import { makeKeyCheck } from "../sealing/key-check.ts";
import { formatKeyRingEntry, type KeyRing, parseKeyRing } from "../sealing/key-ring.ts";
import { keySealer } from "../sealing/key-sealer.ts";
import { ringCustody } from "../sealing/ring-custody.ts";
import { memoryDatabase } from "../stores/memory/memory-store.ts";
import { Activity } from "./activity.ts";
import { KeyDesk } from "./key-desk.ts";
import { NodeReports } from "./node-reports.ts";
import { Reseal } from "./reseal.ts";
import type { ServiceContext } from "./service-context.ts";
import { SpendingGate } from "./spending-gate.ts";

const entry = (id: string, fill: number) => formatKeyRingEntry(id, new Uint8Array(32).fill(fill));

/** Nodes over one store; what stands in the key file of each is text that somebody may change. */
async function aKeysWorld(files: Record<string, string>) {
  const time = new MovableTime();
  const chance = realChance();
  const database = memoryDatabase({ time });
  const failures: string[] = [];
  const journals: Record<string, readonly string[]> = {};
  const store = database.storeOf("looking" as NodeId);
  const keyCheck = makeKeyCheck(parseKeyRing(entry("k1", 1)), "dp_1", chance);
  await store.deployment.create({
    ...{
      id: "dp_1",
      incarnation: 1,
      keyCheck,
      createdAtMs: 0,
      operatorKeySha256: "",
      quarantine: null,
      released: null,
    },
  });
  const nodeAt = (name: string) => {
    const text = () => files[name] ?? "";
    const ring = parseKeyRing(text());
    const custody: KeyCustody = ringCustody({
      ...{ ring, deployment: "dp_1", chance, journalKeys: async () => journals[name] ?? [] },
      place: {
        read: async (): Promise<KeyRing> => parseKeyRing(text()),
        make: async () => parseKeyRing(text()),
        append: async () => {
          files[name] = `${text()}${entry("made", 9)}`;
          return "made";
        },
        remove: async (id) => {
          files[name] = text().replace(new RegExp(`^${id}:.*\\n`, "m"), "");
          return true;
        },
      },
    });
    const context = {
      ...{ store: database.storeOf(name as NodeId), node: name as NodeId, time, chance, custody },
      ...{ limits: DEFAULT_LIMITS, gate: new SpendingGate(1), activity: new Activity(() => undefined) },
      report: ({ error }: { error: unknown }) => failures.push((error as EvergrantError).code),
    } as unknown as ServiceContext;
    const reports = new NodeReports(context);
    const reseal = new Reseal(context);
    return { desk: new KeyDesk(context, { reports, reseal }), reports, reseal, ring };
  };
  // What a node whose file says so can open.
  const sealerOf = async (name: string) => {
    const { keyCheck: known } = (await store.deployment.read()) ?? { keyCheck };
    return keySealer({ ring: parseKeyRing(files[name] ?? ""), deployment: "dp_1", keyCheck: known, chance });
  };
  return { time, store, files, journals, failures, nodeAt, sealerOf };
}

const wrappedAnew = (reseal: Reseal) =>
  vi.waitFor(() => expect(reseal.progress).toMatchObject({ running: false, done: 1 }), { interval: 1 });
const answerOf = (owner: string) => ({ owner, chain: "", kind: "answer", version: "" }) as const;

const codeOf = async (world: { time: MovableTime }, work: Promise<unknown>): Promise<string> => {
  const told = work.then(
    () => "done",
    (error: unknown) => (error instanceof EvergrantError ? error.code : String(error)),
  );
  await world.time.advance(DEFAULT_LIMITS.callerWaitMs);
  return await told;
};

test("a key becomes the primary only once every node that is up has it, and then at all of them", async () => {
  const world = await aKeysWorld({ a: entry("k1", 1), b: entry("k1", 1) });
  const a = world.nodeAt("a");
  const b = world.nodeAt("b");
  await b.reports.tell();
  expect(await codeOf(world, a.desk.rotate(null, "test"))).toBe("key_not_everywhere");
  expect(a.ring.primaryId).toBe("k1");
  // Somebody brings the file to the other node, which finds it by looking.
  world.files["b"] = world.files["a"] ?? "";
  await b.desk.look();
  await b.reports.tellIfDue();
  expect(await codeOf(world, a.desk.rotate("made", "test"))).toBe("done");
  await b.desk.look();
  expect([a.ring.primaryId, b.ring.primaryId]).toEqual(["made", "made"]);
  await Promise.all([a.reseal.stop(), b.reseal.stop()]);
  expect((await world.store.deployment.read())?.keyCheck).toMatch(/^made\./);
});

test("a node that is gone for good is waited for a bounded while; what its journal needs is kept", async () => {
  const world = await aKeysWorld({ a: entry("k1", 1), b: entry("k1", 1) });
  world.journals["b"] = ["k1"];
  const a = world.nodeAt("a");
  await world.nodeAt("b").reports.tell();
  await world.time.advance(6 * DEFAULT_LIMITS.leaseMs);
  expect(await codeOf(world, a.desk.rotate(null, "test"))).toBe("done");
  await a.reseal.stop();
  const retired = a.desk.retire("k1", "test").catch((error: unknown) => error);
  expect(await retired).toMatchObject({ code: "key_in_use", detail: "the journal needs it at b" });
});

test("the answer of a create opens by the new key alone, and keeps the old one from being retired until then", async () => {
  const world = await aKeysWorld({ a: entry("k1", 1) });
  const a = world.nodeAt("a");
  const before = await world.sealerOf("a");
  const keep = async (key: string) => {
    const dataKey = before.newDataKey(key);
    await world.store.idempotency.claim({ key, requestMac: "", startedAtMs: 0, connections: [] });
    const sealed = before.seal(dataKey, answerOf(key), new Secret(`answer of ${key}`));
    await world.store.idempotency.finish(key, { dataKey, sealed });
  };
  await keep("c_1");
  expect(await codeOf(world, a.desk.rotate(null, "test"))).toBe("done");
  await wrappedAnew(a.reseal);
  // Somebody who had not heard of the new key yet.
  await keep("c_2");
  const detail = "keys of idempotent_creates wait to be wrapped anew";
  await expect(a.desk.retire("k1", "test")).rejects.toMatchObject({ code: "key_in_use", detail });
  const again = world.nodeAt("a");
  await again.desk.look();
  await wrappedAnew(again.reseal);
  expect(await codeOf(world, again.desk.retire("k1", "test"))).toBe("done");
  expect(world.files["a"]).not.toContain("k1:");
  for (const key of ["c_1", "c_2"]) {
    const known = await world.store.idempotency.claim({ key, requestMac: "", startedAtMs: 0, connections: [] });
    if (known === "claimed" || known.answer === null || known.answer === "erased") throw new Error("not kept");
    const opened = (await world.sealerOf("a")).open(known.answer.dataKey, answerOf(key), known.answer.sealed);
    expect(opened.reveal()).toBe(`answer of ${key}`);
  }
});

test.each([
  ["rotated to a key that nobody has", (desk: KeyDesk) => desk.rotate("k9", "test"), "key_unknown"],
  ["retired that nobody has", (desk: KeyDesk) => desk.retire("k9", "test"), "key_unknown"],
  ["retired that is the primary", (desk: KeyDesk) => desk.retire("k1", "test"), "key_in_use"],
] as const)("nothing can be %s", async (_what, ask, code) => {
  const world = await aKeysWorld({ a: entry("k1", 1) });
  expect(await codeOf(world, ask(world.nodeAt("a").desk))).toBe(code);
});

test("a node that lacks the primary says so, and goes on with the key that it has", async () => {
  const world = await aKeysWorld({ a: entry("k1", 1), b: entry("k1", 1) });
  const a = world.nodeAt("a");
  await codeOf(world, a.desk.rotate(null, "test"));
  const late = world.nodeAt("b");
  await late.desk.look();
  expect(world.failures).toEqual(["key_unknown"]);
  expect(late.ring.primaryId).toBe("k1");
});
