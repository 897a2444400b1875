import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepts, decideRefresh, type RefreshState, refreshExpiresAtMs } from "./decide-refresh.ts";
import { strict } from "./dialects.ts";
import type { Grace, RefreshPolicy, Rotation } from "./rotation.ts";
import { refreshPolicy, xero } from "./switches.ts";

const minute = 60_000;
const day = 86_400_000;
const grace: Grace = {
  kind: "grace",
  seconds: 1800,
  anchor: "first-use",
  depth: "any",
  maxUses: null,
  retry: "sibling",
  closesWhen: "never",
  sameGives: "successor",
  parentException: false,
};
const policyOf = (rotation: Rotation, rest: Partial<RefreshPolicy> = {}): RefreshPolicy => ({
  rotation,
  afterGrace: "reject",
  idleTtlMs: 60 * day,
  sliding: true,
  absoluteTtlMs: null,
  ...rest,
});

type Known = Extract<RefreshState, { kind: "known" }>;
const aState = (token: Partial<Known["token"]> = {}, rest: Partial<Omit<Known, "token">> = {}): RefreshState => ({
  kind: "known",
  token: {
    clientId: "A",
    expiresAtMs: 60 * day,
    firstUsedAtMs: null,
    lastUsedAtMs: null,
    useCount: 0,
    revokedReason: null,
    ...token,
  },
  family: { createdAtMs: 0, revokedReason: null },
  successors: [],
  activeIsGood: () => false,
  ...rest,
});
const spentAt = (ms: number, useCount = 1) => ({ firstUsedAtMs: ms, lastUsedAtMs: ms, useCount });
const successor = { spent: false, accessUsed: false, revoked: false, expiresAtMs: 100 * day };
const kindOf = (state: RefreshState, nowMs: number, policy: RefreshPolicy, clientId = "A") =>
  decideRefresh(state, nowMs, policy, { clientId }).kind;

const rows: readonly (readonly [
  title: string,
  state: RefreshState,
  nowMs: number,
  policy: RefreshPolicy,
  expected: string,
])[] = [
  ["an unknown token is unknown", { kind: "unknown" }, 0, policyOf(grace), "unknown"],
  ["a fresh token rotates", aState(), 0, policyOf(grace), "rotate"],
  ["a fresh token rotates without a grace too", aState(), 0, policyOf({ kind: "strict" }), "rotate"],
  [
    "without rotation a token is kept however often it is used",
    aState(spentAt(0, 9)),
    day,
    policyOf({ kind: "none" }),
    "keep",
  ],
  [
    "an unrevoked token gives a new one again and again",
    aState(spentAt(0, 9)),
    day,
    policyOf({ kind: "unrevoked" }),
    "rotate",
  ],
  ["the last millisecond of the idle life is good", aState(), 60 * day - 1, policyOf(grace), "rotate"],
  ["the idle life ends at its last instant", aState(), 60 * day, policyOf(grace), "expired"],
  [
    "a spent token that is past its idle life is expired, not reused",
    aState(spentAt(60 * day - minute)),
    60 * day,
    policyOf(grace),
    "expired",
  ],
  [
    "the absolute life ends a token that is still young",
    aState({ expiresAtMs: 90 * day }),
    70 * day,
    policyOf(grace, { absoluteTtlMs: 70 * day }),
    "expired",
  ],
  ["a revoked token stays revoked", aState({ revokedReason: "superseded" }), 0, policyOf(grace), "revoked"],
  [
    "a revoked family ends every token in it",
    aState({}, { family: { createdAtMs: 0, revokedReason: "reuse" } }),
    0,
    policyOf(grace),
    "revoked",
  ],
  [
    "29 minutes after its first use Xero takes a token again",
    aState(spentAt(0)),
    29 * minute,
    policyOf(grace),
    "retry-sibling",
  ],
  ["at 30 minutes it does not", aState(spentAt(0)), 30 * minute, policyOf(grace), "reuse"],
  [
    "a repeat does not move the end of a first-use grace",
    aState({ firstUsedAtMs: 0, lastUsedAtMs: 29 * minute, useCount: 2 }),
    31 * minute,
    policyOf(grace),
    "reuse",
  ],
  [
    "a repeat moves the end of a last-use grace",
    aState({ firstUsedAtMs: 0, lastUsedAtMs: 29 * minute, useCount: 2 }),
    31 * minute,
    policyOf({ ...grace, anchor: "last-use" }),
    "retry-sibling",
  ],
  ["a use limit ends the grace", aState(spentAt(0, 2)), minute, policyOf({ ...grace, maxUses: 2 }), "reuse"],
  [
    "below the use limit the grace holds",
    aState(spentAt(0, 1)),
    minute,
    policyOf({ ...grace, maxUses: 2 }),
    "retry-sibling",
  ],
  [
    "depth any: the successor's use changes nothing",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    minute,
    policyOf(grace),
    "retry-sibling",
  ],
  [
    "parent only: the second to last is reuse",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    minute,
    policyOf({ ...grace, depth: "parent-only" }),
    "reuse",
  ],
  [
    "closes when the successor is used",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    minute,
    policyOf({ ...grace, closesWhen: "successor-used" }),
    "reuse",
  ],
  [
    "does not close when only the access token is used",
    aState(spentAt(0), { successors: [{ ...successor, accessUsed: true }] }),
    minute,
    policyOf({ ...grace, closesWhen: "successor-used" }),
    "retry-sibling",
  ],
  [
    "same: the successor again",
    aState(spentAt(0), { successors: [successor] }),
    minute,
    policyOf({ ...grace, retry: "same" }),
    "retry-same",
  ],
  [
    "same: a spent successor is not handed out",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    minute,
    policyOf({ ...grace, retry: "same" }),
    "reuse",
  ],
  [
    "supersede",
    aState(spentAt(0), { successors: [successor] }),
    minute,
    policyOf({ ...grace, retry: "supersede" }),
    "retry-supersede",
  ],
  ["strict: a repeat is reuse at once", aState(spentAt(0)), 1, policyOf({ kind: "strict" }), "reuse"],
  [
    "confirm on use: unconfirmed, the old token still works",
    aState(spentAt(0), { successors: [successor] }),
    50 * day,
    policyOf({ kind: "confirm-on-use" }),
    "retry-sibling",
  ],
  [
    "confirm on use: the new access token ends it",
    aState(spentAt(0), { successors: [{ ...successor, accessUsed: true }] }),
    1,
    policyOf({ kind: "confirm-on-use" }),
    "reuse",
  ],
  [
    "confirm on use: the new refresh token ends it",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    1,
    policyOf({ kind: "confirm-on-use" }),
    "reuse",
  ],
  [
    "same, and the successor was spent: nothing is left to hand out",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }], activeIsGood: () => true }),
    1,
    policyOf({ ...grace, retry: "same" }),
    "reuse",
  ],
  [
    "same that gives the active token: the one in use now",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }], activeIsGood: () => true }),
    1,
    policyOf({ ...grace, retry: "same", sameGives: "active" }),
    "retry-active",
  ],
  [
    "same that gives the active token: none if that one is over",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    1,
    policyOf({ ...grace, retry: "same", sameGives: "active" }),
    "reuse",
  ],
  [
    "parent exception: the parent of an unused token may come back after the window",
    aState(spentAt(0), { successors: [successor] }),
    40 * day,
    policyOf({ ...grace, retry: "same", parentException: true }),
    "retry-same",
  ],
  [
    "parent exception: no longer once its successor was used",
    aState(spentAt(0), { successors: [{ ...successor, spent: true }] }),
    40 * day,
    policyOf({ ...grace, retry: "same", parentException: true }),
    "reuse",
  ],
];

describe("decideRefresh", () => {
  test.each(rows)("%s", (_title, state, nowMs, policy, expected) => {
    expect(kindOf(state, nowMs, policy)).toBe(expected);
  });

  test("another app's token is refused whatever its state", () => {
    expect(kindOf(aState(), 0, policyOf(grace), "B")).toBe("wrong-client");
    expect(kindOf(aState(spentAt(0)), minute, policyOf(grace), "B")).toBe("wrong-client");
  });

  test("what follows on reuse is the policy's", () => {
    const policy = policyOf({ kind: "strict" }, { afterGrace: "revoke-family" });
    expect(decideRefresh(aState(spentAt(0)), 1, policy, { clientId: "A" })).toEqual({
      kind: "reuse",
      consequence: "revoke-family",
    });
  });

  test("the presets say what they stand for", () => {
    expect(refreshPolicy(xero)).toEqual(policyOf(grace));
    expect(refreshPolicy(strict)).toEqual(policyOf({ kind: "strict" }, { afterGrace: "revoke-family" }));
  });

  test("a first-use grace never extends itself, whatever the repeats", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 * minute }), { maxLength: 30 }),
        fc.constantFrom("sibling", "same", "supersede"),
        (gaps, retry) => {
          const policy = policyOf({ ...grace, retry });
          let token = spentAt(0);
          let nowMs = 0;
          for (const gap of gaps) {
            nowMs += gap;
            const accepted = accepts[kindOf(aState(token, { successors: [successor] }), nowMs, policy)];
            expect(accepted).toBe(nowMs < 30 * minute);
            if (accepted) token = { ...token, lastUsedAtMs: nowMs, useCount: token.useCount + 1 };
          }
        },
      ),
    );
  });

  test("fixed life counts from the consent, sliding from each token, and the absolute end caps both", () => {
    expect(refreshExpiresAtMs(policyOf(grace, { sliding: false }), day, 10 * day)).toBe(61 * day);
    expect(refreshExpiresAtMs(policyOf(grace), day, 10 * day)).toBe(70 * day);
    expect(refreshExpiresAtMs(policyOf(grace, { absoluteTtlMs: 20 * day }), day, 10 * day)).toBe(21 * day);
  });
});
