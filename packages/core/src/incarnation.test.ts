import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeStore, type StoreFacts, type StoreIdentity } from "./incarnation.ts";

const DAY_MS = 24 * 60 * 60_000;
const NOW_MS = 100 * DAY_MS;
const KNOWN: StoreIdentity = { deployment: "dp_1", incarnation: 7, server: "72001" };
const SOUND: StoreFacts = {
  remembered: KNOWN,
  store: KNOWN,
  exclusive: false,
  toldPosition: 40,
  otherNodes: 2,
  journal: { firstPosition: 10, lastPosition: 41 },
  missing: null,
  nowMs: NOW_MS,
  reachMs: DAY_MS,
};
const MINUTES_AGO = { answers: 3, oldestAtMs: NOW_MS - 5 * 60_000 };
const DAYS_AGO = { answers: 3, oldestAtMs: NOW_MS - 3 * DAY_MS };

describe("a store that a node meets", () => {
  test.each<[string, Partial<StoreFacts>]>([
    ["the one it knew", {}],
    [
      "met for the first time, by a new node among others",
      { remembered: null, toldPosition: null, journal: { firstPosition: 1, lastPosition: 0 } },
    ],
    [
      "met for the first time, by a node whose journal is older than this rule",
      { remembered: null, toldPosition: null, journal: { firstPosition: 30, lastPosition: 41 } },
    ],
    ["a file that nobody wrote to before", { exclusive: true, remembered: null, toldPosition: null, otherNodes: 0 }],
    ["the same file again", { exclusive: true, otherNodes: 0 }],
    ["without its server's identifier, which it no longer tells", { store: { ...KNOWN, server: null } }],
    ["told everything that was forgotten since", { toldPosition: 9 }],
    [
      "put back to before this node joined, which has done nothing yet",
      { toldPosition: null, journal: { firstPosition: 1, lastPosition: 0 } },
    ],
  ])("is sound: %s", (_name, facts) => {
    expect(judgeStore({ ...SOUND, ...facts })).toEqual({ kind: "sound" });
  });

  test.each<[string, Partial<StoreFacts>]>([
    ["it lost its last minutes", { missing: MINUTES_AGO, toldPosition: 30 }],
    [
      "it lost all that this young node wrote",
      { missing: MINUTES_AGO, toldPosition: null, journal: { firstPosition: 1, lastPosition: 12 } },
    ],
  ])("is made good from the journal: %s", (_name, facts) => {
    expect(judgeStore({ ...SOUND, ...facts })).toEqual({ kind: "replay" });
  });

  test.each<[string, Partial<StoreFacts>, readonly string[]]>([
    ["it is behind by days", { missing: DAYS_AGO, toldPosition: 20 }, ["store-behind"]],
    ["it is behind by more than the journal keeps", { toldPosition: 8 }, ["store-behind"]],
    ["it does not know a node that has worked for long", { toldPosition: null }, ["store-behind"]],
    ["it was told more than the journal ever wrote", { toldPosition: 42 }, ["journal-behind"]],
    [
      "a file of somebody else's journal",
      { exclusive: true, remembered: null, toldPosition: null, otherNodes: 1 },
      ["journal-unknown"],
    ],
    ["another deployment", { store: { ...KNOWN, deployment: "dp_2", incarnation: 1 } }, ["other-deployment"]],
    ["another incarnation", { store: { ...KNOWN, incarnation: 8 } }, ["other-incarnation"]],
    ["another server", { store: { ...KNOWN, server: "72002" } }, ["other-server"]],
    [
      "a backup of long ago on a new server",
      { store: { ...KNOWN, server: "72002" }, missing: DAYS_AGO, toldPosition: 20 },
      ["store-behind", "other-server"],
    ],
  ])("is put into quarantine: %s", (_name, facts, because) => {
    expect(judgeStore({ ...SOUND, ...facts })).toEqual({ kind: "quarantine", because });
  });
});

const identity = fc.record({
  deployment: fc.constantFrom("dp_1", "dp_2"),
  incarnation: fc.integer({ min: 1, max: 3 }),
  server: fc.constantFrom(null, "72001", "72002"),
});
const anyFacts: fc.Arbitrary<StoreFacts> = fc.record({
  remembered: fc.option(identity),
  store: identity,
  exclusive: fc.boolean(),
  toldPosition: fc.option(fc.nat(50)),
  otherNodes: fc.nat(3),
  journal: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(20)).map(([firstPosition, more]) => ({
    firstPosition,
    lastPosition: firstPosition - 1 + more,
  })),
  missing: fc.option(fc.record({ answers: fc.integer({ min: 1, max: 9 }), oldestAtMs: fc.nat(NOW_MS) })),
  nowMs: fc.constant(NOW_MS),
  reachMs: fc.constant(DAY_MS),
});

describe("whatever the facts are", () => {
  test("nothing is spent where they contradict each other", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { remembered, store, toldPosition, journal, missing } = facts;
        const contradicted =
          (remembered !== null &&
            (remembered.deployment !== store.deployment ||
              remembered.incarnation !== store.incarnation ||
              (remembered.server !== null && store.server !== null && remembered.server !== store.server))) ||
          (toldPosition ?? 0) > journal.lastPosition ||
          (missing !== null && missing.oldestAtMs < NOW_MS - DAY_MS);
        if (contradicted) expect(judgeStore(facts).kind).toBe("quarantine");
      }),
    );
  });

  test("what the store is missing is never passed over", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (facts.missing !== null) expect(judgeStore(facts).kind).not.toBe("sound");
      }),
    );
  });

  test("a quarantine names its reasons, each once", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const verdict = judgeStore(facts);
        if (verdict.kind !== "quarantine") return;
        expect(verdict.because.length).toBeGreaterThan(0);
        expect(new Set(verdict.because).size).toBe(verdict.because.length);
      }),
    );
  });
});
