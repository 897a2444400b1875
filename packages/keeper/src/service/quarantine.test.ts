import {
  type AttemptId,
  DEFAULT_LIMITS,
  EvergrantError,
  type LeaseOwner,
  type NodeId,
  type StoreIdentity,
} from "@evergrant/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { JournalEntry } from "../ports/journal.ts";
import type { JournalMark } from "../ports/node-store.ts";
import type { Provenance } from "../ports/provenance.ts";
import { type MemoryDatabase, memoryDatabase } from "../stores/memory/memory-store.ts";
import { deployment, records } from "../testing/contract/samples.ts";
import { movableTime } from "../testing/contract/store-world.ts";
import { Activity } from "./activity.ts";
import { Quarantine } from "./quarantine.ts";
import type { ServiceContext } from "./service-context.ts";
import { SpendingGate } from "./spending-gate.ts";

const SUBJECT = { kind: "deployment", id: "dp_1" } as const;
const time = movableTime();
let database: MemoryDatabase;
let server: string | null;

beforeEach(async () => {
  database = memoryDatabase({ time });
  server = "72001";
  await database.storeOf("set-up" as NodeId).deployment.create(deployment());
});

/** One node: what it remembers and its journal outlive its processes. */
class Node {
  readonly id: NodeId;
  readonly done: string[] = [];
  readonly timers: (() => void)[] = [];
  /** What happens while a journal is put in, one after the other; how many answers the store gets by it. */
  readonly amid: (() => Promise<number>)[] = [];
  remembered: StoreIdentity | null = null;
  mark: { -readonly [Part in keyof JournalMark]: JournalMark[Part] };
  failsToLeave = false;
  gate = new SpendingGate(1_000);
  quarantine: Quarantine;

  constructor(name: string) {
    this.id = name as NodeId;
    this.mark = { node: this.id, end: 0, acknowledged: Number.MAX_SAFE_INTEGER };
    this.quarantine = this.restarted();
  }

  get store() {
    return database.storeOf(this.id, () => this.mark);
  }

  /** A new process on the same disk. */
  restarted(): Quarantine {
    this.gate = new SpendingGate(1_000);
    this.mark.acknowledged = Number.MAX_SAFE_INTEGER;
    const done = (what: string) => async () => {
      this.done.push(what);
      return (await this.amid.shift()?.()) ?? 0;
    };
    this.quarantine = new Quarantine(this.#context(), {
      replay: { start: done("start"), lastMoments: done("last moments"), everything: done("everything") },
      leaveToOriginal: async () => {
        if (this.failsToLeave) throw new EvergrantError("store_unavailable");
        expect((await this.store.deployment.read())?.quarantine).not.toBeNull();
        this.done.push("left");
      },
      onOpened: () => void this.done.push("opened"),
    });
    return this.quarantine;
  }

  /** Something is journaled and settled: the store is told, and says that it has it. */
  async works(): Promise<void> {
    this.mark.end += 3;
    await this.store.audit.write(records(SUBJECT, "worked"));
    this.mark.acknowledged = this.mark.end;
  }

  tick(): void {
    for (const fire of this.timers.splice(0)) fire();
  }

  #context(): ServiceContext {
    const provenance: Provenance = {
      exclusive: false,
      mark: () => this.mark,
      acknowledge: (position) => {
        const { acknowledged } = this.mark;
        this.mark.acknowledged = acknowledged === Number.MAX_SAFE_INTEGER ? position : Math.max(acknowledged, position);
      },
      server: async () => server,
      remembered: async () => this.remembered,
      remember: async (identity) => {
        this.remembered = identity;
      },
      clockMark: async () => null,
      rememberClock: async () => undefined,
    };
    const first = { kind: "settled", attempt: "at_0" as AttemptId, atMs: 0 } as const;
    const entries: readonly JournalEntry[] = [{ position: 1, record: first }];
    return {
      ...{ store: this.store, node: this.id, owner: "lo_1" as LeaseOwner, gate: this.gate, provenance, time },
      ...{ limits: DEFAULT_LIMITS, activity: new Activity(() => undefined), report: () => undefined },
      chance: { draw: () => 0.5, bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
      journal: { read: async () => entries, firstPosition: async () => 1 },
      shared: { pace: { setTimer: (_ms: number, fire: () => void) => this.#later(fire) } },
    } as unknown as ServiceContext;
  }

  #later(fire: () => void) {
    this.timers.push(fire);
    return { cancel: () => undefined };
  }
}

async function aNode(name: string): Promise<Node> {
  const node = new Node(name);
  await node.quarantine.meet();
  // Its first record, so that its journal has something to be behind of.
  await node.works();
  return node;
}

/** A node whose store has lost what it did last. */
async function forgetting(): Promise<{ readonly node: Node; readonly backup: ReturnType<MemoryDatabase["snapshot"]> }> {
  const node = await aNode("a");
  const backup = database.snapshot();
  await node.works();
  database.restore(backup);
  return { node, backup };
}

const stored = async () => await database.storeOf("looking" as NodeId).deployment.read();
const told = async () =>
  (await database.storeOf("looking" as NodeId).audit.story(SUBJECT, 20))
    .map(({ event }) => event)
    .filter((event) => event.startsWith("quarantine"));
const notices = async () => (await database.storeOf("looking" as NodeId).audit.outbox(20)).map(({ notice }) => notice);

describe("a node that meets its store", () => {
  test("for the first time takes up its journal, leaves a row there, and remembers the store", async () => {
    const node = await aNode("a");
    expect(node.done).toEqual(["start"]);
    expect(node.remembered).toEqual({ deployment: "dp_1", incarnation: 1, server: "72001" });
    expect(await node.store.nodes.find(node.id)).toMatchObject({ incarnation: 1, journalPosition: 3 });
    expect(await node.gate.whyNotSpend()).toBeNull();
    expect(await node.quarantine.view()).toMatchObject({ state: "none", because: [] });
  });

  test("and was told of more than its journal has spends nothing, alone; the others go on", async () => {
    const [node, other] = [await aNode("a"), await aNode("b")];
    node.mark.end = 1;
    await node.restarted().meet();
    expect(node.gate.hold?.because).toEqual(["journal-behind"]);
    await other.quarantine.look();
    expect(await other.gate.whyNotSpend()).toBeNull();
    expect((await stored())?.quarantine).toBeNull();
    expect([await told(), await notices()]).toEqual([["quarantine-begun"], ["quarantine-begun"]]);
  });

  test("of another copy, which was released since, is in another incarnation and spends nothing", async () => {
    const node = await aNode("a");
    await database
      .storeOf("elsewhere" as NodeId)
      .deployment.release({ as: "restored", from: 1, to: 99, atMs: 1 }, { audit: [], notices: [] });
    await node.restarted().meet();
    expect(node.gate.hold?.because).toEqual(["other-incarnation"]);
    expect(() => node.gate.requireOpen()).toThrow(expect.objectContaining({ code: "store_quarantined" }));
    await node.quarantine.release("restored", "operator");
    await expect.poll(() => node.gate.hold).toBeNull();
    expect(node.remembered?.incarnation).toBe((await stored())?.incarnation);
  });

  test("that is another deployment's by now writes nothing there, and no word makes it its own", async () => {
    const node = await aNode("a");
    database = memoryDatabase({ time });
    await database.storeOf("set-up" as NodeId).deployment.create(deployment({ id: "dp_2" }));
    await node.restarted().meet();
    expect(node.gate.hold?.because).toContain("other-deployment");
    expect(await told()).toEqual([]);
    await expect(node.quarantine.release("restored", "operator")).rejects.toMatchObject({ code: "journal_foreign" });
  });
});

describe("a store that goes back under a node that runs", () => {
  test("is noticed before anything is spent, by the very next request that would go out", async () => {
    const { node } = await forgetting();
    // What is recorded meanwhile hides nothing.
    await node.store.audit.write(records(SUBJECT, "another"));
    expect(await node.gate.whyNotSpend()).toBe("the database has gone back");
  });

  test("and that one of its nodes never wrote to is not spent on there either, before the others have had time to speak", async () => {
    const [node, other] = [await aNode("a"), new Node("b")];
    await other.quarantine.meet();
    const backup = database.snapshot();
    await node.works();
    expect(await other.gate.whyNotSpend()).toBeNull();
    database.restore(backup);
    expect(await other.gate.whyNotSpend()).toBe("the database has gone back");
    await node.quarantine.look();
    expect(await other.gate.whyNotSpend()).toBeNull();
  });

  test("while the node that wrote to it is gone for good is waited with as long as a lease lasts", async () => {
    const [node, other] = [await aNode("a"), await aNode("b")];
    const backup = database.snapshot();
    await node.works();
    await other.quarantine.look();
    database.restore(backup);
    await other.quarantine.look();
    expect(await other.gate.whyNotSpend()).toBe("the database has gone back");
    time.advance(DEFAULT_LIMITS.leaseMs);
    expect(await other.gate.whyNotSpend()).toBeNull();
  });

  test("heals from the journal where that has it all: the row is put right and spending goes on", async () => {
    const { node } = await forgetting();
    node.amid.push(async () => {
      expect(node.gate.isMending).toBe(true);
      return 0;
    });
    await node.quarantine.look();
    expect(node.gate.isMending).toBe(false);
    expect(node.done).toEqual(["start", "last moments"]);
    expect(await node.store.nodes.find(node.id)).toMatchObject({ journalPosition: 6 });
    expect(await node.gate.whyNotSpend()).toBeNull();
  });

  test("while the journal is held against it, because it was away, is healed before it is told of anything", async () => {
    const node = await aNode("a");
    const backup = database.snapshot();
    await node.works();
    node.amid.push(async () => {
      database.restore(backup);
      await node.store.audit.write(records(SUBJECT, "another"));
      return 0;
    });
    await node.quarantine.meet();
    expect(node.gate.isMending).toBe(false);
    expect(node.done).toEqual(["start", "last moments", "last moments"]);
    expect(await node.store.nodes.find(node.id)).toMatchObject({ journalPosition: 6 });
    expect(await node.gate.whyNotSpend()).toBeNull();
  });

  test("once more, and loses what was put in to heal it, is looked at until it needs nothing", async () => {
    const { node, backup } = await forgetting();
    const put = async () => {
      await node.store.audit.write(records(SUBJECT, "renewed"));
      return 1;
    };
    node.amid.push(async () => {
      const done = await put();
      database.restore(backup);
      return done;
    }, put);
    await node.quarantine.look();
    expect(node.done).toEqual(["start", "last moments", "last moments", "last moments"]);
    expect(await node.store.nodes.find(node.id)).toMatchObject({ journalPosition: 6 });
  });

  test("does not answer: nothing is spent on it", async () => {
    const node = await aNode("a");
    node.gate.look = async () => Promise.reject(new EvergrantError("store_unavailable"));
    expect(await node.gate.whyNotSpend()).toBe("the database does not answer");
  });
});

describe("a store on another server than before", () => {
  const onNewServer = async () => {
    const [node, other] = [await aNode("a"), await aNode("b")];
    server = "72002";
    await node.quarantine.look();
    await other.quarantine.look();
    return { node, other };
  };

  test("keeps all nodes from spending, told once; a node that joins meanwhile too", async () => {
    const { node, other } = await onNewServer();
    const joining = new Node("c");
    await joining.quarantine.meet();
    for (const each of [node, other, joining]) expect(each.gate.hold?.because).toEqual(["other-server"]);
    expect(joining.done).toEqual([]);
    expect([await told(), await notices()]).toEqual([["quarantine-begun"], ["quarantine-begun"]]);
  });

  test("called restored: each puts its whole journal in, and none spends before all have", async () => {
    const { node, other } = await onNewServer();
    expect(await node.quarantine.release("restored", "operator")).toMatchObject({ released: { as: "restored" } });
    await expect.poll(() => node.timers.length).toBeGreaterThan(0);
    expect(node.done).toEqual(["start", "everything"]);
    expect(await node.quarantine.view()).toMatchObject({ state: "merging" });
    expect(await node.gate.whyNotSpend()).toBe("the database is in quarantine");
    await other.quarantine.look();
    expect(other.done).toEqual(["start", "everything", "opened"]);
    node.tick();
    await expect.poll(() => node.done).toEqual(["start", "everything", "opened"]);
    for (const each of [node, other]) expect(await each.gate.whyNotSpend()).toBeNull();
    expect(node.remembered).toEqual({ deployment: "dp_1", incarnation: (await stored())?.incarnation, server });
    expect(await told()).toEqual(["quarantine-ended", "quarantine-begun"]);
  });

  test("called restored while a node is gone for good: that one is waited for as long as a lease lasts", async () => {
    const { node } = await onNewServer();
    await node.quarantine.release("restored", "operator");
    await expect.poll(() => node.timers.length).toBeGreaterThan(0);
    time.advance(DEFAULT_LIMITS.leaseMs);
    node.tick();
    await expect.poll(() => node.gate.hold).toBeNull();
  });

  test("called cloned: the grants are left before anybody may spend again, and no journal is put in", async () => {
    const { node, other } = await onNewServer();
    node.failsToLeave = true;
    await expect(node.quarantine.release("cloned", "operator")).rejects.toMatchObject({ code: "store_unavailable" });
    expect((await stored())?.incarnation).toBe(1);
    expect(node.gate.hold).not.toBeNull();
    node.failsToLeave = false;
    await node.quarantine.release("cloned", "operator");
    await expect.poll(() => node.done).toEqual(["start", "left", "opened"]);
    await other.quarantine.look();
    expect(other.done).toEqual(["start", "opened"]);
  });

  test("released by two at the same moment gets one new incarnation", async () => {
    const { node, other } = await onNewServer();
    await Promise.all([node.quarantine.release("cloned", "operator"), other.quarantine.release("cloned", "operator")]);
    await expect.poll(() => [node.gate.hold, other.gate.hold]).toEqual([null, null]);
    expect((await told()).filter((event) => event === "quarantine-ended")).toHaveLength(1);
    await expect(node.quarantine.release("restored", "operator")).rejects.toMatchObject({
      code: "quarantine_not_begun",
    });
  });

  test("is sound for a node that joins after its release", async () => {
    const { node } = await onNewServer();
    await node.quarantine.release("cloned", "operator");
    await expect.poll(() => node.gate.hold).toBeNull();
    const joining = await aNode("c");
    expect(joining.gate.hold).toBeNull();
  });
});

test("a node that slept through a quarantine of the store it works on puts its journal in too before it goes on", async () => {
  const node = await aNode("a");
  const elsewhere = database.storeOf("elsewhere" as NodeId).deployment;
  await elsewhere.release({ as: "restored", from: 1, to: 99, atMs: 1 }, { audit: [], notices: [] });
  expect(await node.gate.whyNotSpend()).toBe("the database is in another incarnation");
  await expect.poll(() => node.done).toEqual(["start", "everything", "opened"]);
  expect(await node.gate.whyNotSpend()).toBeNull();
  expect(await node.store.nodes.find(node.id)).toMatchObject({ incarnation: 99 });
});

test("a node that was cut off from its store during a quarantine of it, and meets it anew, goes on in the same way", async () => {
  const node = await aNode("a");
  const elsewhere = database.storeOf("elsewhere" as NodeId).deployment;
  await elsewhere.release({ as: "restored", from: 1, to: 99, atMs: 1 }, { audit: [], notices: [] });
  await node.quarantine.meet();
  expect(node.done).toEqual(["start", "everything", "opened"]);
  expect(node.gate.hold).toBeNull();
  expect(await node.gate.whyNotSpend()).toBeNull();
});
