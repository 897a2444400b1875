import { describe, expect, test } from "vitest";
import type { AuditPlace, NodeAuditRecord } from "../../ports/audit-store.ts";
import type { AuditSubject, Records } from "../../ports/records.ts";
import type { Store } from "../../ports/store.ts";
import * as samples from "./samples.ts";
import { APP, app, CALLER, CONNECTION, CONSENT, caller, change, furnish, GRANT, NOTHING, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT: AuditSubject = { kind: "grant", id: GRANT };

/** Audit and outbox: written with the change that they tell of, or not at all. */
export function describeRecords(world: () => StoreWorld): void {
  describe("records", () => {
    describeWriting(world);
    describeStory(world);
    describePages(world);
    describeChain(world);
    describeOutbox(world);
  });
}

const WRITES: Readonly<Record<string, (store: Store, told: Records) => Promise<unknown>>> = {
  "grants.create": (store, told) => store.grants.create(samples.grant({ subject: null, id: "gr_2" as never }), told),
  "grants.change": (store, told) =>
    store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 1, records: told }), result: null })),
  "apps.create": (store, told) => store.apps.create(app({ id: "ap_2" as never, name: "second" }), told),
  "apps.replaceScopes": (store, told) => store.apps.replaceScopes(APP, ["openid"], told),
  "apps.replaceSecrets": (store, told) => store.apps.replaceSecrets(APP, [], told),
  "connections.create": (store, told) =>
    store.connections.create(samples.connection({ id: "cn_2" as never, name: "second" }), told),
  "connections.change": (store, told) =>
    store.connections.change(CONNECTION, (connection) => ({ connection, records: told })),
  "connections.remove": (store, told) => store.connections.remove(CONNECTION, told),
  "consents.createLink": (store, told) => store.consents.createLink(samples.link(), told),
  "consents.revokeLinks": (store, told) => store.consents.revokeLinks(CONNECTION, 1, told),
  "consents.create": (store, told) =>
    store.consents.create(samples.consent({ id: "co_2" as never, stateHash: "state-2" }), told),
  "consents.change": (store, told) =>
    store.consents.change(CONSENT, () => ({ progress: { kind: "declined", atMs: 1, error: "x" }, records: told })),
  "callers.create": (store, told) => store.callers.create(caller({ id: "cl_2" as never, name: "second" }), told),
  "callers.change": (store, told) => store.callers.change(CALLER, (found) => ({ caller: found, records: told })),
  "operators.create": (store, told) =>
    store.operators.create(samples.operator({ id: "op_2" as never, name: "b" }), told),
  "operators.change": (store, told) =>
    store.operators.change(samples.operator().id, (operator) => ({ operator, records: told })),
  "deployment.quarantine": async (store, told) => {
    const { incarnation } = await store.deployment.create(samples.deployment());
    await store.deployment.quarantine(incarnation, samples.QUARANTINE, told);
  },
  "deployment.release": async (store, told) => {
    const { incarnation } = await store.deployment.create(samples.deployment());
    await store.deployment.release({ as: "restored", from: incarnation, to: 2, atMs: 1 }, told);
  },
  "notices.createRecipient": (store, told) => store.notices.createRecipient(samples.recipient(), told),
  "notices.changeRecipient": async (store, told) => {
    await store.notices.createRecipient(samples.recipient(), NOTHING);
    await store.notices.changeRecipient(samples.RECIPIENT, (recipient) => ({ recipient, records: told }));
  },
  "notices.removeRecipient": async (store, told) => {
    await store.notices.createRecipient(samples.recipient(), NOTHING);
    await store.notices.removeRecipient(samples.RECIPIENT, told);
  },
  "notices.replay": (store, told) => store.notices.replay([1], 1, told),
  "audit.write": (store, told) => store.audit.write(told),
};

function describeWriting(world: () => StoreWorld): void {
  test.each(Object.entries(WRITES))("%s writes its records exactly once", async (_, write) => {
    const { store } = world();
    await furnish(store);
    await store.callers.create(caller(), NOTHING);
    await store.operators.create(samples.operator(), NOTHING);
    await store.consents.create(samples.consent(), NOTHING);
    const told = records(SUBJECT, "told", { notice: true });
    await write(store, told);
    const story = await store.audit.story(SUBJECT, 10);
    expect(story).toEqual([{ ...told.audit[0], sequence: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(await store.audit.outbox(10)).toEqual([{ ...told.notices[0], sequence: 1 }]);
    expect(await store.audit.firstBroken()).toBeNull();
  });

  test("I13 audit: a change that fails after its decision leaves neither state nor records", async () => {
    const { store } = world();
    await furnish(store);
    // Facts that cannot be written down: the failure comes from the store, not from the decision.
    const unwritable = { ...records(SUBJECT, "told", { notice: true }).audit[0], facts: { big: 1n } } as never;
    const told = { audit: [records(SUBJECT, "first").audit[0], unwritable], notices: [] } as unknown as Records;
    const failed = store.grants.change(GRANT, () => ({
      change: change({ dueAtMs: 99, tokens: [samples.token()], records: told }),
      result: null,
    }));
    await expect(failed).rejects.toThrow(TypeError);
    expect(await store.grants.load(GRANT)).toEqual(samples.grant());
    expect(await store.grants.token(samples.VERSION)).toBeUndefined();
    expect(await store.audit.story(SUBJECT, 10)).toEqual([]);
    expect(await store.audit.outbox(10)).toEqual([]);
  });
}

function describeStory(world: () => StoreWorld): void {
  test("a subject's story is its own, newest first, no longer than asked", async () => {
    const { store } = world();
    for (const [event, atMs] of Object.entries({ a: 10, b: 30, c: 20, d: 20 }))
      await store.audit.write(records(SUBJECT, event, { atMs }));
    await store.audit.write(records({ kind: "connection", id: GRANT }, "of another kind"));
    await store.audit.write(records({ kind: "grant", id: "gr_2" } as AuditSubject, "of another id"));
    const events = async (limit: number) => (await store.audit.story(SUBJECT, limit)).map(({ event }) => event);
    expect(await events(10)).toEqual(["b", "d", "c", "a"]);
    expect(await events(2)).toEqual(["b", "d"]);
  });
}

function describePages(world: () => StoreWorld): void {
  test("are read page by page, newest first, each once, whatever is written meanwhile", async () => {
    const { store } = world();
    for (let n = 0; n < 25; n += 1)
      await store.audit.write(records(SUBJECT, `event-${n}`, { atMs: 1_000 + Math.floor(n / 3) }));
    const read: string[] = [];
    for (let after: AuditPlace | null = null; ; ) {
      const page: readonly NodeAuditRecord[] = await store.audit.page(after, 4);
      read.push(...page.map(({ event }) => event));
      await store.audit.write(records(SUBJECT, "later", { atMs: 9_000 }));
      after = page.at(-1) ?? null;
      if (after === null) break;
    }
    expect(read).toEqual(Array.from({ length: 25 }, (_, n) => `event-${24 - n}`));
  });

  test("say of each chain how long it is and with which hash it ends", async () => {
    const { store } = world();
    expect(await store.audit.chains()).toEqual([]);
    for (const event of ["a", "b"]) await store.audit.write(records(SUBJECT, event));
    const [last] = await store.audit.page(null, 1);
    expect(await store.audit.chains()).toEqual([{ node: last?.node, sequence: 2, hash: last?.hash }]);
  });
}

function describeChain(world: () => StoreWorld): void {
  const write = (event: string) => world().store.audit.write(records(SUBJECT, event));

  test("an empty chain is whole", async () => {
    expect(await world().store.audit.firstBroken()).toBeNull();
  });

  test("records written at the same moment make one chain without gap or fork", async () => {
    const { store } = world();
    await Promise.all(Array.from({ length: 50 }, (_, n) => write(`event-${n}`)));
    const story = await store.audit.story(SUBJECT, 100);
    expect(story.map(({ sequence }) => sequence).toReversed()).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(new Set(story.map(({ hash }) => hash)).size).toBe(50);
    expect(await store.audit.firstBroken()).toBeNull();
  });

  test("a chain of many pages is whole, and a record changed in the midst of it is found", async () => {
    const { store, tamper } = world();
    const audit = Array.from({ length: 1_203 }, (_, n) => records(SUBJECT, `event-${n}`).audit).flat();
    await store.audit.write({ audit, notices: [] });
    expect(await store.audit.firstBroken()).toBeNull();
    await tamper(777);
    expect(await store.audit.firstBroken()).toBe(777);
  });

  test.each([1, 2, 3])("a change to record %i of three is found", async (sequence) => {
    const { store, tamper } = world();
    for (const event of ["a", "b", "c"]) await write(event);
    await tamper(sequence);
    expect(await store.audit.firstBroken()).toBe(sequence);
  });

  test("text that is not well-formed Unicode breaks nothing", async () => {
    const { store } = world();
    const odd = {
      subject: SUBJECT,
      atMs: 1,
      by: "caller:\ud800",
      event: "x\udfff",
      facts: { "\ud800": "\ud800", b: 1 },
    };
    await store.audit.write({ audit: [odd], notices: [] });
    expect(await store.audit.firstBroken()).toBeNull();
  });
}

function describeOutbox(world: () => StoreWorld): void {
  test("notices wait in the order in which they were caused, and are handed out no more than asked", async () => {
    const { store } = world();
    for (let n = 0; n < 5; n += 1) await store.audit.write(records(SUBJECT, "told", { notice: true, atMs: 100 - n }));
    const waiting = await store.audit.outbox(10);
    expect(waiting.map(({ atMs }) => atMs)).toEqual([100, 99, 98, 97, 96]);
    expect(await store.audit.outbox(2)).toEqual(waiting.slice(0, 2));
  });
}
