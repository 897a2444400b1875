import type { ChainId, GrantId, TokenVersionId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import {
  aChain,
  CHAIN,
  GRANT,
  HOUR_MS,
  history,
  inCourt,
  journaledAnswer,
  live,
  lost,
  MINUTE_MS,
  requested,
  served,
  stored,
  view,
} from "../testing/histories.ts";
import type { HistoryEvent } from "../world/history.ts";
import { CHECKERS } from "./all.ts";
import { type AuditorView, INVARIANT_IDS, type InvariantId, violations } from "./checker.ts";
import { liveness } from "./i12-liveness.ts";

interface Case {
  readonly what: string;
  readonly events: readonly HistoryEvent[];
  readonly sees?: Partial<AuditorView>;
}

const aTick = { kind: "tick", allGood: true, storeGood: true } as const;
const otherChain = (version: TokenVersionId): ChainId => (version === "tv_head" ? ("ch_old" as ChainId) : CHAIN);

/** For each invariant a history that breaks it, written by hand. */
const BROKEN: Readonly<Record<InvariantId, readonly Case[]>> = {
  I1: [
    {
      what: "declares a grant lost whose token the provider still accepts",
      events: history(stored(inCourt(), lost(), { event: "declared-lost" })),
      sees: { acceptedTokens: () => ["refresh-1"] },
    },
  ],
  I2: [
    {
      what: "holds nothing that would be accepted",
      events: history(aTick),
      sees: { holdsAcceptedToken: () => false },
    },
  ],
  I3: [
    {
      what: "goes back to a smaller generation",
      events: history(stored(live(), live(aChain({ generation: 2 }))), stored(live(), live(aChain({ generation: 1 })))),
    },
    {
      what: "puts a token in place that was computed from another generation",
      events: history(
        stored(live(), live(aChain({ attempt: "at_late" })), { event: "attempt-begun" }),
        stored(live(aChain({ generation: 3 })), live(aChain({ generation: 4, head: "late" })), { event: "renewed" }),
      ),
    },
    {
      what: "makes the parent of its head its head",
      events: history(stored(live(), live(aChain({ generation: 1, head: "parent" })))),
      sees: { parentOf: (version) => (version === "tv_head" ? ("tv_parent" as TokenVersionId) : null) },
    },
  ],
  I4: [
    {
      what: "presents one token twice at a time",
      events: history(requested(1, "refresh-1"), requested(2, "refresh-1", "node-1")),
    },
  ],
  I5: [{ what: "sends without an intent in the journal", events: history(requested(1, "refresh-1")) }],
  I6: [
    { what: "serves what is on no disk", events: history(served()), sees: { isDurable: () => false } },
    {
      what: "leaves an answer in the journal alone",
      events: history(journaledAnswer("at_1"), { kind: "phase", phase: "quiet", atMs: HOUR_MS }),
    },
    {
      what: "leaves the last answer of all in the journal alone",
      events: history(journaledAnswer("at_1"), { kind: "phase", phase: "end", atMs: HOUR_MS }),
    },
  ],
  I7: [
    { what: "serves another person's token", events: history(served({ owner: "john" })) },
    {
      what: "serves an expired token",
      events: history(served()),
      sees: { accessFacts: () => ({ person: "jane", expiresAtMs: 0 }) },
    },
    { what: "promises more life than there is", events: history(served({ expiresInMs: 2_000 * HOUR_MS })) },
    { what: "serves a disabled connection", events: history(served({ disabledSinceMs: 0 })) },
    { what: "serves what was never issued", events: history(served()), sees: { accessFacts: () => undefined } },
  ],
  I8: [
    {
      what: "never repeats a lost attempt",
      events: history(stored(live(), live(aChain({ attempt: "at_1" })), { event: "attempt-begun" }), {
        ...aTick,
        atMs: HOUR_MS,
      }),
    },
  ],
  I9: [{ what: "opens a court that no refusal called for", events: history(stored(live(), inCourt())) }],
  I10: [
    {
      what: "starts attempt after attempt at a provider that swallows them",
      events: history(
        ...Array.from({ length: 40 }, (_, index) =>
          stored(live(), live(aChain({ attempt: `at_${index}` })), { grant: `gr_${index}` }),
        ),
      ),
    },
  ],
  I11: [
    {
      what: "says nothing before a lapse",
      events: history(
        stored(live(), live()),
        { ...aTick, atMs: 31 * 24 * HOUR_MS },
        { ...aTick, atMs: 31 * 24 * HOUR_MS + 2 * HOUR_MS },
      ),
    },
  ],
  I12: [
    {
      what: "refuses a caller although all is well again",
      events: history(
        { kind: "phase", phase: "heal" },
        { kind: "refused", node: "node-0", connection: "acme", grant: GRANT, code: "token_not_ready", text: "" },
        { kind: "phase", phase: "quiet" },
      ),
    },
    {
      what: "refuses a caller although its token has been renewed",
      events: history(
        { kind: "phase", phase: "heal" },
        stored(inCourt(), live(aChain({ generation: 1 })), { event: "renewed" }),
        { kind: "refused", node: "node-0", connection: "acme", grant: GRANT, code: "token_not_ready", text: "" },
        { kind: "phase", phase: "quiet" },
      ),
    },
    {
      what: "stays in doubt",
      events: history(stored(live(), live(aChain({ suspect: true }))), { kind: "phase", phase: "quiet" }),
    },
    { what: "is owed an answer within its grace", events: quietWhileOwed(5 * MINUTE_MS) },
    { what: "is owed an answer for longer than a hold lasts", events: quietWhileOwed(25 * HOUR_MS) },
  ],
  I13: [
    { what: "moves without an audit record", events: history(stored(live(), inCourt(), { audits: 0 })) },
    {
      what: "has a broken chain of records",
      events: history({ kind: "phase", phase: "end" }),
      sees: { brokenAuditRecord: () => 7 },
    },
  ],
  I14: [
    {
      what: "puts a token into a failure report",
      events: history({ kind: "failed", node: "node-0", what: "refresh", text: "canary-refresh-token:1 was refused" }),
    },
    {
      what: "writes a token into an audit record",
      events: history(stored(live(), live(), { facts: { token: "canary-refresh-token:1" } })),
    },
    {
      what: "leaves a token in the database",
      events: history({ kind: "phase", phase: "end" }),
      sees: { leaks: () => ["canary-refresh-token:1"] },
    },
  ],
  I15: [
    {
      what: "asks twice for many callers",
      events: history(
        { kind: "storm", connection: "acme", grant: GRANT, callers: 20, clean: true, atMs: 0 },
        { ...requested(1, "refresh-1"), atMs: 1 },
        { ...requested(2, "refresh-2", "node-1"), atMs: 2 },
      ),
    },
  ],
  I16: [
    {
      what: "has a token of another chain",
      events: history(stored(live(), live())),
      sees: { chainOf: otherChain },
    },
    {
      what: "presents a token of a sealed chain",
      events: history(stored(live(), live(aChain({ id: "ch_2", head: "new" }))), {
        ...requested(1, "refresh-1"),
        atMs: 10 * HOUR_MS,
      }),
    },
  ],
};

describe.each(INVARIANT_IDS)("%s", (id) => {
  const checker = CHECKERS.find((one) => one.id === id);

  test.each(BROKEN[id])("sees a history that $what", ({ events, sees }) => {
    expect(checker).toBeDefined();
    if (checker !== undefined) expect(violations(checker, events, view(sees))).not.toEqual([]);
  });

  test("has nothing to say about a history in which all is well", () => {
    const chain = aChain({ attempt: "at_1" });
    const well = history(
      { kind: "phase", phase: "chaos" },
      stored(live(), live(chain), { event: "attempt-begun" }),
      stored(live(chain), live(aChain({ generation: 1, head: "1" })), { event: "renewed" }),
      served(),
      { kind: "phase", phase: "heal" },
      served(),
      { kind: "phase", phase: "quiet" },
      { ...aTick, atMs: HOUR_MS },
      { kind: "phase", phase: "end" },
    );
    if (checker !== undefined) expect(violations(checker, well, view())).toEqual([]);
  });
});

test("a grant that nobody could have saved is not held against anybody", () => {
  const [durable] = CHECKERS.filter(({ id }) => id === "I2");
  const sees = view({ holdsAcceptedToken: () => false, excuseFor: () => "no grace" });
  if (durable !== undefined) expect(violations(durable, history(aTick), sees)).toEqual([]);
  expect(durable).toBeDefined();
});

test("every checker looks at each history afresh", () => {
  const events = history(stored(live(), live(aChain({ generation: 2 }))), {
    ...stored(live(), live(aChain({ generation: 1 }))),
    atMs: 2 * MINUTE_MS,
  });
  for (const checker of CHECKERS)
    expect(violations(checker, events, view())).toEqual(
      violations(checker, events, view({ grants: () => [GRANT as GrantId] })),
    );
});

test("a node that refused while nothing could be served, and was not asked again since the token came, has refused rightly", () => {
  const events = history(
    { kind: "phase", phase: "heal" },
    { kind: "refused", node: "node-1", connection: "acme", grant: GRANT, code: "token_not_ready", text: "" },
    stored(inCourt(), live(aChain({ generation: 1 })), { event: "renewed" }),
    { kind: "phase", phase: "quiet" },
  );
  expect(violations(liveness, events, view())).toEqual([]);
});

test("an answer that came a moment before the end is on its way into the store", () => {
  const [kept] = CHECKERS.filter(({ id }) => id === "I6");
  const events = history(journaledAnswer("at_1"), { kind: "phase", phase: "quiet", atMs: MINUTE_MS / 2 });
  expect(kept && violations(kept, events, view())).toEqual([]);
});

test("a grant that is held past its grace is in no doubt that could be resolved yet", () => {
  expect(violations(liveness, quietWhileOwed(3 * HOUR_MS), view())).toEqual([]);
});

function quietWhileOwed(atMs: number) {
  const trouble = { kind: "ambiguous", detail: "timeout", sinceMs: 0, lastAtMs: 0, failures: 1 } as const;
  const chain = { ...aChain({ attempt: "at_1" }), trouble: { ...trouble, retryAtMs: 0, notBeforeMs: 0 } };
  return history(stored(live(), live(chain)), { kind: "phase", phase: "quiet", atMs });
}
