import type { Matter, RecipientId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import type { Distribution } from "../../ports/notice-store.ts";
import type { Store } from "../../ports/store.ts";
import { GRANT, NOTHING, RECIPIENT, recipient, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const MAIL = "rc_2" as RecipientId;
const CHANNELS = ["email", "webhook"] as const;

/** Who is told what: distributed once, brought by one node at a time, remembered until it is over. */
export function describeNotices(world: () => StoreWorld): void {
  describe("notices", () => {
    describeRecipients(world);
    describeDistribution(world);
    describeTurns(world);
    describeAfterwards(world);
    describeTwoNodes(world);
  });
}

const told = (store: Store) => store.audit.write(records(SUBJECT, "told", { notice: true }));

function telling(more: Partial<Distribution> = {}): () => Distribution {
  return () => ({ tell: "consent-needed", recipients: [RECIPIENT], opens: null, closes: [], ...more });
}

async function distribute(store: Store, decide: () => Distribution = telling(), nowMs = 100): Promise<number> {
  const waiting = (await store.audit.outbox(50)).map(({ sequence }) => ({ sequence, groups: ["g"] }));
  return await store.notices.distribute(waiting, decide, nowMs);
}

/** A recipient for whom so many notices wait. */
async function waitingFor(store: Store, count: number): Promise<void> {
  await store.notices.createRecipient(recipient(), NOTHING);
  for (let n = 0; n < count; n += 1) await told(store);
  await distribute(store);
}

const turnOf = (store: Store, nowMs = 100) =>
  store.notices.takeTurn(CHANNELS, nowMs, { untilMs: nowMs + 60, limit: 10 });

function describeRecipients(world: () => StoreWorld): void {
  test("recipients are kept as given, once for each channel, address and connection", async () => {
    const { notices } = world().store;
    expect(await notices.createRecipient(recipient(), NOTHING)).toBe("created");
    expect(await notices.createRecipient(recipient({ id: MAIL }), NOTHING)).toBe("exists");
    const other = recipient({ id: MAIL, connection: "cn_1" as never, only: null, dataKey: null, createdAtMs: 76 });
    expect(await notices.createRecipient(other, NOTHING)).toBe("created");
    expect(await notices.recipients()).toEqual([recipient(), other]);
    const off = await notices.changeRecipient(MAIL, (found) => ({
      recipient: { ...found, disabledAtMs: 9 },
      records: NOTHING,
    }));
    expect(off).toEqual({ ...other, disabledAtMs: 9 });
    expect(await notices.recipients()).toEqual([recipient(), off]);
    const nobody = "rc_9" as RecipientId;
    expect(await notices.changeRecipient(nobody, (found) => ({ recipient: found, records: NOTHING }))).toBeUndefined();
    expect(await notices.removeRecipient(nobody, NOTHING)).toBe(false);
  });

  test("a recipient goes with everything that waits for it", async () => {
    const { store } = world();
    await waitingFor(store, 2);
    expect(await store.notices.removeRecipient(RECIPIENT, NOTHING)).toBe(true);
    expect(await store.notices.deliveries(null, 10)).toEqual([]);
    expect(await store.notices.nextTurnMs(CHANNELS)).toBeNull();
  });
}

function describeDistribution(world: () => StoreWorld): void {
  test("a notice leaves the outbox once, with a delivery for each recipient", async () => {
    const { store } = world();
    await store.notices.createRecipient(recipient(), NOTHING);
    await store.notices.createRecipient(recipient({ id: MAIL, channel: "email", address: "a@b.example" }), NOTHING);
    await told(store);
    const [notice] = await store.audit.outbox(1);
    const recipients = [RECIPIENT, MAIL];
    expect(await distribute(store, telling({ recipients }))).toBe(1);
    expect(await store.audit.outbox(10)).toEqual([]);
    const waiting = { told: "consent-needed", status: "waiting", attempts: 0, sinceMs: 100, dueAtMs: 100 } as const;
    const rest = { notice, error: null, settledAtMs: null };
    expect(await store.notices.deliveries("waiting", 10)).toEqual([
      { id: 2, recipient: MAIL, ...waiting, ...rest },
      { id: 1, recipient: RECIPIENT, ...waiting, ...rest },
    ]);
    const again = [{ sequence: notice?.sequence ?? 0, groups: [] }];
    expect(await store.notices.distribute(again, telling(), 100)).toBe(0);
    expect(await store.notices.deliveries(null, 10)).toHaveLength(2);
  });

  test("each decision sees the matters that the one before it left open", async () => {
    const { store } = world();
    for (let n = 0; n < 3; n += 1) await told(store);
    const seen: (readonly Matter[])[] = [];
    const matter = { key: "k", group: "g", openedAtMs: 5 };
    const steps: Partial<Distribution>[] = [{ opens: matter }, { closes: ["k"] }, {}];
    const waiting = (await store.audit.outbox(50)).map(({ sequence }) => ({ sequence, groups: ["g"] }));
    const decide = (_sequence: number, open: readonly Matter[]) => {
      seen.push(open);
      return telling({ tell: null, ...steps[seen.length - 1] })();
    };
    expect(await store.notices.distribute(waiting, decide, 100)).toBe(3);
    expect(seen).toEqual([[], [matter], []]);
    expect(await store.notices.deliveries(null, 10)).toEqual([]);
  });

  test("a decision that fails leaves everything in the outbox", async () => {
    const { store } = world();
    await store.notices.createRecipient(recipient(), NOTHING);
    await told(store);
    const failing = distribute(store, () => {
      throw new RangeError("no decision");
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await store.audit.outbox(10)).toHaveLength(1);
  });
}

function describeTurns(world: () => StoreWorld): void {
  test("a turn brings all that waits, oldest first, and nobody else gets it before it ends or has lasted too long", async () => {
    const { store } = world();
    await waitingFor(store, 3);
    const turn = await turnOf(store);
    expect(turn).toMatchObject({ recipient: recipient(), number: 1, lastSentAtMs: null });
    expect(turn?.waiting.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(await turnOf(store)).toBeNull();
    expect(await store.notices.nextTurnMs(CHANNELS)).toBe(160);
    expect((await turnOf(store, 160))?.number).toBe(2);
  });

  test("what a turn brought is over, and what it did not is due again", async () => {
    const { store } = world();
    await waitingFor(store, 2);
    const result = (id: number, status: "delivered" | "waiting") =>
      ({ id, status, dueAtMs: 300, error: status === "waiting" ? "said 503" : null, atMs: 150 }) as const;
    const end = { recipient: RECIPIENT, number: 1, sentAtMs: 150, disabledAtMs: null };
    await turnOf(store);
    await store.notices.endTurn({ ...end, results: [result(1, "delivered"), result(2, "waiting")], notBeforeMs: 400 });
    expect(await store.notices.deliveries("delivered", 10)).toMatchObject([{ id: 1, attempts: 1, settledAtMs: 150 }]);
    expect(await store.notices.deliveries("waiting", 10)).toMatchObject([
      { id: 2, attempts: 1, dueAtMs: 300, error: "said 503", settledAtMs: null },
    ]);
    expect(await store.notices.nextTurnMs(CHANNELS)).toBe(400);
    expect(await turnOf(store, 399)).toBeNull();
    expect(await turnOf(store, 400)).toMatchObject({ number: 2, lastSentAtMs: 150, waiting: [{ id: 2 }] });
    // The end of an earlier turn tells what it did, and takes nothing from the present one.
    await store.notices.endTurn({ ...end, results: [result(2, "delivered")], notBeforeMs: 0 });
    expect(await turnOf(store, 401)).toBeNull();
    expect(await store.notices.deliveries("waiting", 10)).toEqual([]);
  });

  test("there is none on other channels, nor for a recipient that was switched off, also by its own word", async () => {
    const { store } = world();
    await waitingFor(store, 1);
    expect(await store.notices.takeTurn(["email"], 100, { untilMs: 200, limit: 1 })).toBeNull();
    expect(await store.notices.takeTurn([], 100, { untilMs: 200, limit: 1 })).toBeNull();
    expect(await store.notices.nextTurnMs(["email"])).toBeNull();
    await turnOf(store);
    const gone = { recipient: RECIPIENT, number: 1, results: [], sentAtMs: null, notBeforeMs: 0, disabledAtMs: 120 };
    await store.notices.endTurn(gone);
    expect(await turnOf(store, 500)).toBeNull();
    expect(await store.notices.recipients()).toEqual([recipient({ disabledAtMs: 120 })]);
  });
}

function describeAfterwards(world: () => StoreWorld): void {
  const settle = async (store: Store, status: "delivered" | "dead", atMs: number) => {
    const turn = await turnOf(store, atMs);
    const results = (turn?.waiting ?? []).map(({ id }) => ({ id, status, dueAtMs: atMs, error: null, atMs }));
    const end = { recipient: RECIPIENT, number: turn?.number ?? 0, sentAtMs: null, notBeforeMs: 0, disabledAtMs: null };
    await store.notices.endTurn({ ...end, results });
  };

  test("what was given up goes out once more when it is replayed; what still waits is left alone", async () => {
    const { store } = world();
    await waitingFor(store, 2);
    expect(await store.notices.replay([1, 2], 150, NOTHING)).toBe(0);
    await settle(store, "dead", 150);
    expect(await store.notices.counts()).toEqual({
      undistributed: 0,
      waiting: 0,
      dead: 2,
      oldestWaitingSinceMs: null,
    });
    expect(await store.notices.replay([2, 77], 700, NOTHING)).toBe(1);
    expect(await store.notices.nextTurnMs(CHANNELS)).toBe(700);
    expect((await turnOf(store, 700))?.waiting).toMatchObject([
      { id: 2, attempts: 0, sinceMs: 700, settledAtMs: null },
    ]);
    await told(store);
    expect(await store.notices.counts()).toEqual({ undistributed: 1, waiting: 1, dead: 1, oldestWaitingSinceMs: 700 });
  });

  test("deliveries are read on from one of them, and what comes meanwhile is not among those", async () => {
    const { store } = world();
    await waitingFor(store, 1);
    await settle(store, "delivered", 200);
    for (let n = 0; n < 3; n += 1) await told(store);
    await distribute(store, telling(), 210);
    expect(await store.notices.deliveries(null, 2)).toMatchObject([{ id: 4 }, { id: 3 }]);
    await told(store);
    await distribute(store, telling(), 220);
    expect(await store.notices.deliveries(null, 10, 3)).toMatchObject([{ id: 2 }, { id: 1 }]);
    expect(await store.notices.deliveries("waiting", 10, 3)).toMatchObject([{ id: 2 }]);
    expect(await store.notices.deliveries(null, 10, 1)).toEqual([]);
  });

  test("what is over for long is forgotten, and nothing else", async () => {
    const { store } = world();
    await waitingFor(store, 1);
    await settle(store, "delivered", 200);
    await told(store);
    await distribute(store, telling(), 210);
    await told(store);
    await store.notices.forgetBefore(200);
    expect(await store.notices.deliveries(null, 10)).toHaveLength(2);
    await store.notices.forgetBefore(205);
    expect(await store.notices.deliveries(null, 10)).toMatchObject([{ id: 2, status: "waiting" }]);
    expect(await store.audit.outbox(10)).toHaveLength(1);
  });
}

function describeTwoNodes(world: () => StoreWorld): void {
  test("two nodes that distribute and take turns at the same moment tell everything once", async (context) => {
    const { store, secondNode } = world();
    if (secondNode === undefined) return context.skip("one node alone has this store");
    const second = await secondNode();
    const nodes = [store, second] as const;
    const ids = Array.from({ length: 6 }, (_, n) => `rc_${n}` as RecipientId);
    for (const id of ids)
      await store.notices.createRecipient(recipient({ id, address: `https://${id.slice(3)}.example` }), NOTHING);
    for (let n = 0; n < 20; n += 1) await told(nodes[n % 2] ?? store);
    for (let round = 0; round < 20 && (await store.audit.outbox(1)).length > 0; round += 1)
      await Promise.all(nodes.map((node) => distribute(node, telling({ recipients: ids }))));
    expect(await second.notices.deliveries(null, 500)).toHaveLength(120);
    const turns: RecipientId[] = [];
    for (let round = 0; turns.length < 6 && round < 30; round += 1)
      for (const turn of await Promise.all(nodes.map((node) => turnOf(node)))) if (turn) turns.push(turn.recipient.id);
    expect(turns.toSorted()).toEqual(ids);
    await second.close();
  });
}
