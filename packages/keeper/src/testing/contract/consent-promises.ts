import type { ConnectionId, ConsentId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StoredConsent } from "../../ports/consent-store.ts";
import * as arbitrary from "./arbitraries.ts";
import { ATTEMPT, CONNECTION, CONSENT, consent, furnish, link, NOTHING, RECEIVED, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "consent", id: CONSENT } as const;

export function describeConsents(world: () => StoreWorld): void {
  describe("consents", () => {
    describeLinks(world);
    describeRuns(world);
    describeLists(world);
  });
}

function describeLinks(world: () => StoreWorld): void {
  test("a link comes back as it went in", async () => {
    const { store } = world();
    const links = [
      link(),
      link({ hash: "hash-2", accept: "any-tenant", completedAtMs: 5, createdBy: "someone" }),
      link({ hash: "hash-3", revokedAtMs: 6 }),
    ];
    for (const made of links) await store.consents.createLink(made, NOTHING);
    for (const made of links) expect(await store.consents.findLink(made.hash)).toEqual(made);
    expect(await store.consents.findLink("hash-none")).toBeUndefined();
  });

  test("of twenty that complete a link at the same moment, one does", async () => {
    const { store } = world();
    await store.consents.createLink(link(), NOTHING);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.consents.completeLink("hash-1", 100 + n)),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    const completedAtMs = 100 + answers.indexOf(true);
    expect(await store.consents.findLink("hash-1")).toEqual(link({ completedAtMs }));
  });

  test("a link that was revoked or never made cannot be completed", async () => {
    const { store } = world();
    await store.consents.createLink(link({ revokedAtMs: 6 }), NOTHING);
    expect(await store.consents.completeLink("hash-1", 100)).toBe(false);
    expect(await store.consents.completeLink("hash-none", 100)).toBe(false);
    expect(await store.consents.findLink("hash-1")).toEqual(link({ revokedAtMs: 6 }));
  });

  test("all open links of a connection are taken back together; completed ones and those of others stay as they are", async () => {
    const { store } = world();
    const elsewhere = link({ hash: "hash-4", connection: "cn_x" as ConnectionId });
    for (const made of [link(), link({ hash: "hash-2" }), link({ hash: "hash-3", completedAtMs: 5 }), elsewhere])
      await store.consents.createLink(made, NOTHING);
    expect(await store.consents.revokeLinks(CONNECTION, 100, records(SUBJECT, "links-revoked"))).toBe(2);
    expect(await store.consents.findLink("hash-1")).toEqual(link({ revokedAtMs: 100 }));
    expect(await store.consents.completeLink("hash-2", 101)).toBe(false);
    expect(await store.consents.findLink("hash-3")).toEqual(link({ hash: "hash-3", completedAtMs: 5 }));
    expect(await store.consents.findLink("hash-4")).toEqual(elsewhere);
    expect(await store.consents.revokeLinks(CONNECTION, 102, NOTHING)).toBe(0);
    expect((await store.audit.story(SUBJECT, 10)).map(({ event }) => event)).toEqual(["links-revoked"]);
  });
}

function describeRuns(world: () => StoreWorld): void {
  test("a consent comes back as it went in, by id and by state", async () => {
    const { store } = world();
    await furnish(store);
    await fc.assert(
      fc.asyncProperty(arbitrary.storedConsent, async (stored) => {
        const known = [await store.consents.find(stored.id), await store.consents.findByState(stored.stateHash)];
        if (known.some((one) => one !== undefined)) return;
        await store.consents.create(stored, NOTHING);
        expect(await store.consents.find(stored.id)).toEqual(stored);
        expect(await store.consents.findByState(stored.stateHash)).toEqual(stored);
      }),
      { numRuns: 60 },
    );
  });

  test("one state never leads to two consents", async () => {
    const { store } = world();
    await furnish(store);
    await store.consents.create(consent(), NOTHING);
    const twin = consent({ id: "co_2" as ConsentId, stateHash: consent().stateHash });
    await expect(store.consents.create(twin, records(SUBJECT, "started"))).rejects.toThrow();
    expect(await store.consents.find(twin.id)).toBeUndefined();
    expect(await store.audit.story(SUBJECT, 10)).toEqual([]);
  });

  test("of twenty that claim a consent at the same moment, one does, and its attempt is the one written", async () => {
    const { store } = world();
    await furnish(store);
    await store.consents.create(consent(), NOTHING);
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.consents.change(CONSENT, (current) =>
          current.progress.kind === "started"
            ? {
                progress: { kind: "claimed", atMs: n, attempt: `at_${n}` },
                records: records(SUBJECT, "consent-claimed"),
              }
            : null,
        ),
      ),
    );
    const mine = claims.filter(
      (after, n) => after?.progress.kind === "claimed" && after.progress.attempt === `at_${n}`,
    );
    expect(mine).toHaveLength(1);
    expect(await store.consents.find(CONSENT)).toEqual(mine[0]);
    expect(await store.audit.story(SUBJECT, 30)).toHaveLength(1);
  });

  test("every progress comes back as the change wrote it, and nothing else moves", async () => {
    const { store } = world();
    await furnish(store);
    await store.consents.create(consent(), NOTHING);
    await fc.assert(
      fc.asyncProperty(arbitrary.consentProgress, async (progress) => {
        const after = await store.consents.change(CONSENT, () => ({ progress, records: NOTHING }));
        expect(after).toEqual(consent({ progress }));
        expect(await store.consents.find(CONSENT)).toEqual(consent({ progress }));
      }),
      { numRuns: 60 },
    );
  });

  test("a change answers the consent as it is when it decides against, and undefined where there is none", async () => {
    const { store } = world();
    await furnish(store);
    await store.consents.create(consent(), NOTHING);
    expect(await store.consents.change(CONSENT, () => null)).toEqual(consent());
    expect(await store.consents.change("co_none" as ConsentId, () => null)).toBeUndefined();
  });

  test("a change that throws writes nothing", async () => {
    const { store } = world();
    await furnish(store);
    await store.consents.create(consent(), NOTHING);
    const thrown = store.consents.change(CONSENT, () => {
      throw new RangeError("no");
    });
    await expect(thrown).rejects.toThrow(RangeError);
    expect(await store.consents.find(CONSENT)).toEqual(consent());
  });
}

function describeLists(world: () => StoreWorld): void {
  test("a connection's consents come newest first, no more than asked, also when the connection is gone", async () => {
    const { store } = world();
    await furnish(store);
    for (const [n, startedAtMs] of [50, 70, 60].entries())
      await store.consents.create(consent({ id: `co_${n}` as ConsentId, startedAtMs }), NOTHING);
    await store.consents.create(
      consent({ id: "co_x" as ConsentId, connection: "cn_x" as ConnectionId, startedAtMs: 90 }),
      NOTHING,
    );
    await store.connections.remove(CONNECTION, NOTHING);
    const ids = async (limit: number) => (await store.consents.ofConnection(CONNECTION, limit)).map(({ id }) => id);
    expect(await ids(10)).toEqual(["co_1", "co_2", "co_0"]);
    expect(await ids(2)).toEqual(["co_1", "co_2"]);
  });

  test("those that wait for an operator come oldest first, until they are decided", async () => {
    const { store } = world();
    await furnish(store);
    const held = { kind: "held", atMs: 1, because: ["new-tenant", "no-tenant"], ...RECEIVED } as const;
    for (const [n, startedAtMs] of [50, 70, 60].entries())
      await store.consents.create(consent({ id: `co_${n}` as ConsentId, startedAtMs, progress: held }), NOTHING);
    await store.consents.create(
      consent({ id: "co_x" as ConsentId, progress: { kind: "claimed", atMs: 1, attempt: ATTEMPT } }),
      NOTHING,
    );
    const ids = async (limit: number) => (await store.consents.held(limit)).map(({ id }) => id);
    expect(await ids(10)).toEqual(["co_0", "co_2", "co_1"]);
    expect(await ids(1)).toEqual(["co_0"]);
    await store.consents.change("co_0" as ConsentId, () => ({
      progress: { kind: "accepted", atMs: 2, by: "operator", ...RECEIVED },
      records: NOTHING,
    }));
    expect(await ids(10)).toEqual(["co_2", "co_1"]);
  });

  test("imports that are under way come oldest first; other consents and those that are over do not", async () => {
    const { store } = world();
    await furnish(store);
    const claimed = { kind: "claimed", atMs: 1, attempt: ATTEMPT } as const;
    const add = (id: string, more: Partial<StoredConsent>) =>
      store.consents.create(consent({ id: id as ConsentId, progress: claimed, ...more }), NOTHING);
    await add("co_0", { purpose: "import", startedAtMs: 70 });
    await add("co_1", { purpose: "import", startedAtMs: 60 });
    await add("co_2", { purpose: "first", startedAtMs: 50 });
    await add("co_3", {
      purpose: "import",
      startedAtMs: 55,
      progress: { kind: "held", atMs: 1, because: [], ...RECEIVED },
    });
    expect((await store.consents.importing(10)).map(({ id }) => id)).toEqual(["co_1", "co_0"]);
    expect(await store.consents.importing(1)).toHaveLength(1);
  });
}
