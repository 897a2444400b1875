import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationWords } from "./duration-words.ts";
import { type Chain, firstChain, type GrantState } from "./grant.ts";
import type { AttemptId, ChainId, LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { takeLease } from "./lease.ts";
import { outageBudget } from "./outage-budget.ts";
import { OUTAGE_EVENTS, type OutageEvent, type OutagePromise, type Span } from "./outage-promise.ts";
import { planStep } from "./plan.ts";
import type { Rotation } from "./rotation.ts";
import { DEFAULT_LIMITS, type Limits, type Timing, type TokenPolicy, timing } from "./timing.ts";
import { transition } from "./transition.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const grace = (seconds: number): Rotation => ({
  kind: "grace",
  seconds,
  anchor: "first-use",
  depth: "unknown",
  retry: "unknown",
  closesWhen: "unknown",
});
const POLICY: TokenPolicy = {
  accessLifeMs: 30 * MINUTE_MS,
  idleLifeMs: 60 * DAY_MS,
  absoluteLifeMs: "unknown",
  rotation: grace(1800),
  oldAccessToken: "unknown",
  earlyRefresh: "allowed",
  repeatsDocumented: true,
};

function timingOf(change: Partial<TokenPolicy> = {}, limits: Partial<Limits> = {}): Timing {
  const verdict = timing({ ...POLICY, ...change }, { ...DEFAULT_LIMITS, ...limits });
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return verdict.timing;
}

function promise(event: OutageEvent, derived: Timing): OutagePromise {
  const found = outageBudget(derived).find((each) => each.event === event);
  if (found === undefined) throw new Error(event);
  return found;
}

const IDLE_MS = 53 * DAY_MS - 90 * SECOND_MS;

describe("the budget by policy: for how long each event costs no grant", () => {
  const tables: readonly (readonly [string, Partial<TokenPolicy>, Readonly<Record<OutageEvent, Span>>])[] = [
    [
      "30 minutes of grace, 60 idle days",
      {},
      {
        "answer-lost": 29 * MINUTE_MS + 25 * SECOND_MS,
        "process-killed": 27 * MINUTE_MS + 55 * SECOND_MS,
        "process-paused": 12 * MINUTE_MS,
        "node-lost": "unlimited",
        "node-cut-off": "unlimited",
        "machine-lost": null,
        "store-away": IDLE_MS,
        "synchronous-fail-over": "unlimited",
        "asynchronous-fail-over": 27 * MINUTE_MS + 55 * SECOND_MS,
        "provider-away": 21 * MINUTE_MS + 35 * SECOND_MS,
        "everything-away": 27 * MINUTE_MS + 55 * SECOND_MS,
      },
    ],
    ["30 seconds of grace", { rotation: grace(30) }, nothingAfterALostAnswer()],
    ["no grace", { rotation: { kind: "strict" } }, nothingAfterALostAnswer()],
    [
      "no rotation",
      { rotation: { kind: "none" } },
      {
        "answer-lost": "unlimited",
        "process-killed": IDLE_MS,
        "process-paused": "unlimited",
        "node-lost": "unlimited",
        "node-cut-off": "unlimited",
        "machine-lost": IDLE_MS,
        "store-away": IDLE_MS,
        "synchronous-fail-over": "unlimited",
        "asynchronous-fail-over": "unlimited",
        "provider-away": IDLE_MS,
        "everything-away": IDLE_MS,
      },
    ],
    [
      "the spent token lives until the new access token is used",
      { rotation: { kind: "confirm-on-use" } },
      {
        "answer-lost": "unlimited",
        "process-killed": IDLE_MS,
        "process-paused": 5 * SECOND_MS,
        "node-lost": null,
        "node-cut-off": "unlimited",
        "machine-lost": null,
        "store-away": IDLE_MS,
        "synchronous-fail-over": "unlimited",
        "asynchronous-fail-over": null,
        "provider-away": IDLE_MS,
        "everything-away": IDLE_MS,
      },
    ],
  ];

  test.each(tables)("%s", (_policy, change, expected) => {
    const spans = outageBudget(timingOf(change)).map(({ event, safeForMs }) => [event, safeForMs]);
    expect(Object.fromEntries(spans)).toEqual(expected);
  });

  function nothingAfterALostAnswer(): Readonly<Record<OutageEvent, Span>> {
    return {
      "answer-lost": null,
      "process-killed": null,
      "process-paused": null,
      "node-lost": null,
      "node-cut-off": null,
      "machine-lost": null,
      "store-away": IDLE_MS,
      "synchronous-fail-over": "unlimited",
      "asynchronous-fail-over": null,
      "provider-away": null,
      "everything-away": null,
    };
  }
});

describe("the other numbers", () => {
  test("what is beyond the promise is bounded: the breaker's threshold and what was in flight", () => {
    const away = promise("provider-away", timingOf());
    expect(away).toMatchObject({ atRisk: 5 + 32, othersForMs: IDLE_MS });
    expect(promise("answer-lost", timingOf({ rotation: { kind: "strict" } })).atRisk).toBe(1);
  });

  test("callers are served for what remains of a token that was just, or is about to be, renewed", () => {
    const served = { fromMs: 10 * MINUTE_MS - 10 * SECOND_MS, toMs: 30 * MINUTE_MS - 10 * SECOND_MS };
    expect(promise("store-away", timingOf()).servedForMs).toEqual(served);
    expect(promise("provider-away", timingOf()).servedForMs).toEqual(served);
    expect(promise("store-away", timingOf({ earlyRefresh: "refused" })).servedForMs?.fromMs).toBe(0);
  });

  test("another node takes over when the dead one's lease has ended and it looks again", () => {
    expect(promise("node-lost", timingOf()).takenOverWithinMs).toBe(95 * SECOND_MS);
  });

  test("a node that gets no answers is relieved when it stands back as far as clocks may differ", () => {
    expect(promise("node-cut-off", timingOf()).takenOverWithinMs).toBe(105 * SECOND_MS);
  });

  test("an unknown idle life promises a short absence, and no long one", () => {
    const derived = timingOf({ idleLifeMs: "unknown" });
    expect(promise("process-killed", derived)).toMatchObject({
      safeForMs: 27 * MINUTE_MS + 55 * SECOND_MS,
      othersForMs: null,
    });
    expect(promise("store-away", derived).safeForMs).toBeNull();
  });
});

describe("the sentences", () => {
  test("say the numbers in words", () => {
    const [lost, killed] = outageBudget(timingOf());
    expect(lost?.sentence).toBe(
      "The provider's answer to a refresh is lost: no grant is lost. The same is asked again, until 29 min 25 s after the first time.",
    );
    expect(killed?.sentence).toBe(
      "Evergrant is killed, and its disk is kept: no grant is lost if it is back within 27 min 55 s. Later up to 37 grants per node and app whose refresh was under way are at risk. All others live on for 52 d 23 h.",
    );
  });

  test.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [27 * MINUTE_MS + 55_900, "27 min 55 s"],
    [HOUR_MS + 59_000, "1 h"],
    [52 * DAY_MS + 23 * HOUR_MS + 59 * MINUTE_MS, "52 d 23 h"],
  ])("%i ms are %s", (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });
});

const anyRotation: fc.Arbitrary<Rotation> = fc.oneof(
  fc.constantFrom<Rotation>({ kind: "none" }, { kind: "strict" }, { kind: "confirm-on-use" }, { kind: "unrevoked" }),
  fc.integer({ min: 1, max: 100_000 }).map(grace),
);
const anyPolicy: fc.Arbitrary<TokenPolicy> = fc.record({
  accessLifeMs: fc.integer({ min: 5 * MINUTE_MS, max: DAY_MS }),
  idleLifeMs: fc.oneof(
    fc.integer({ min: 1, max: 400 * DAY_MS }),
    fc.constantFrom("unlimited" as const, "unknown" as const),
  ),
  absoluteLifeMs: fc.constantFrom("none" as const, "unknown" as const),
  rotation: anyRotation,
  oldAccessToken: fc.constantFrom("survives" as const, "dies" as const, "unknown" as const),
  earlyRefresh: fc.constantFrom("allowed" as const, "refused" as const),
  repeatsDocumented: fc.boolean(),
});
const anyLimits: fc.Arbitrary<Limits> = fc
  .record({
    requestTimeoutMs: fc.integer({ min: 100, max: 2 * MINUTE_MS }),
    marginMs: fc.integer({ min: 10, max: 20 * SECOND_MS }),
    leaseMs: fc.integer({ min: 1_000, max: 10 * MINUTE_MS }),
    strayLifeMs: fc.integer({ min: 100, max: MINUTE_MS }),
    pauseToleratedMs: fc.integer({ min: 1, max: HOUR_MS }),
    retryMaxMs: fc.integer({ min: 5 * SECOND_MS, max: HOUR_MS }),
    journalReconcileMs: fc.integer({ min: MINUTE_MS, max: 10 * DAY_MS }),
    inFlightMax: fc.integer({ min: 1, max: 100 }),
  })
  .map((change) => ({ ...DEFAULT_LIMITS, ...change }));
const anyTiming: fc.Arbitrary<Timing> = fc.tuple(anyPolicy, anyLimits).chain(([policy, limits]) => {
  const verdict = timing(policy, limits);
  return verdict.kind === "possible" ? fc.constant(verdict.timing) : anyPossible;
});
const anyPossible = anyPolicy.map((policy) => timingOf(policy));

// A promise of nothing is less than one of a moment, and none is more than one without an end.
function order(span: Span): number {
  if (span === null) return 0;
  return span === "unlimited" ? Number.POSITIVE_INFINITY : span;
}

describe("whatever the policy and the limits", () => {
  test("each event has one promise of whole, positive numbers and a sentence of words", () => {
    fc.assert(
      fc.property(anyTiming, (derived) => {
        const budget = outageBudget(derived);
        expect(budget.map(({ event }) => event)).toEqual([...OUTAGE_EVENTS]);
        for (const { safeForMs, othersForMs, atRisk, sentence, servedForMs } of budget) {
          for (const span of [safeForMs, othersForMs])
            if (typeof span === "number") expect(span > 0 && Number.isFinite(span)).toBe(true);
          if (atRisk !== null) expect(Number.isInteger(atRisk)).toBe(true);
          if (servedForMs !== null) expect(servedForMs.fromMs).toBeLessThanOrEqual(servedForMs.toMs);
          expect(sentence).toMatch(/^[A-Z].*\.$/);
          expect(sentence).not.toMatch(/null|undefined|NaN|Infinity|unlimited|-\d|\. [a-z]/);
        }
      }),
    );
  });

  test("more grace never promises less", () => {
    fc.assert(
      fc.property(
        anyTiming,
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 0, max: 50_000 }),
        ({ policy, limits }, seconds, more) => {
          const less = outageBudget(timingOf({ ...policy, rotation: grace(seconds) }, limits));
          const longer = outageBudget(timingOf({ ...policy, rotation: grace(seconds + more) }, limits));
          for (const [index, { safeForMs, othersForMs }] of less.entries()) {
            expect(order(longer[index]?.safeForMs ?? null)).toBeGreaterThanOrEqual(order(safeForMs));
            expect(order(longer[index]?.othersForMs ?? null)).toBeGreaterThanOrEqual(order(othersForMs));
          }
        },
      ),
    );
  });

  test("without a grace nothing is promised that a lost answer could break", () => {
    fc.assert(
      fc.property(anyTiming, ({ policy, limits }) => {
        const strict = timingOf({ ...policy, rotation: { kind: "strict" } }, limits);
        const broken: readonly OutageEvent[] = [
          "answer-lost",
          "process-killed",
          "process-paused",
          "node-lost",
          "node-cut-off",
          "machine-lost",
          "asynchronous-fail-over",
          "provider-away",
          "everything-away",
        ];
        for (const event of broken) expect(promise(event, strict).safeForMs, event).toBeNull();
      }),
    );
  });

  test("a lost answer is promised exactly where the policy's own sentences do not say otherwise", () => {
    fc.assert(
      fc.property(anyTiming, (derived) => {
        const withheld = derived.cannotPromise.some((sentence) =>
          /one lost answer|shorter than two tries/.test(sentence),
        );
        expect(promise("answer-lost", derived).safeForMs === null).toBe(withheld);
      }),
    );
  });
});

describe("what the plan does is what is promised", () => {
  const NODE = "no_1" as NodeId;
  const OTHER = "no_2" as NodeId;
  const TOKEN = "tv_0" as TokenVersionId;

  // An attempt began at instant 0, and nothing more is known of it.
  function leftBehind(derived: Timing): { state: GrantState; untilMs: number } {
    const first: Chain = firstChain("ch_1" as ChainId, {
      renewal: "refresh-token",
      version: TOKEN,
      access: null,
      atMs: 0,
      jitter: 0,
    });
    const begun = transition(
      { kind: "live", chain: first },
      {
        kind: "attempt-begun",
        atMs: 0,
        attempt: "at_1" as AttemptId,
        node: NODE,
        token: TOKEN,
        because: "hot",
        usedAtMs: null,
      },
      derived,
    );
    if (begun.kind === "unmoved") throw new Error(begun.because);
    return { state: begun.state, untilMs: derived.limits.leaseMs };
  }

  function plannedAt(nowMs: number, node: NodeId, derived: Timing) {
    const { state } = leftBehind(derived);
    const { leaseMs } = derived.limits;
    const lease = takeLease({ fence: 0, owner: null, untilMs: 0 }, { owner: "own_1" as LeaseOwner, nowMs: 0, leaseMs });
    if (lease === null) throw new Error("no lease");
    const owner = "own_2" as LeaseOwner;
    const input = {
      nowMs,
      leaseNowMs: nowMs,
      lease,
      node,
      owner,
      usedAtMs: null,
      massRefusal: false,
      waitedForMs: null,
    };
    return planStep(state, input, derived);
  }

  // The attempt may have begun a whole send before its process died.
  const latestEndMs = ({ sendDeadlineMs, limits }: Timing) => sendDeadlineMs + limits.requestTimeoutMs;

  test("a process that is back as late as promised repeats the attempt at once, and its request ends within the grace", () => {
    fc.assert(
      fc.property(anyTiming, (derived) => {
        const { safeForMs } = promise("process-killed", derived);
        if (typeof safeForMs !== "number" || derived.repeat.kind !== "for") return;
        const backAtMs = Math.max(latestEndMs(derived) + safeForMs, derived.limits.leaseMs);
        expect(plannedAt(backAtMs, NODE, derived)).toMatchObject({ kind: "spend", token: TOKEN, because: "recovery" });
        expect(backAtMs + derived.limits.requestTimeoutMs).toBeLessThanOrEqual(derived.repeat.ms);
      }),
    );
  });

  test("another node takes over when promised: not sooner than the lease ends, and before it had to hold", () => {
    fc.assert(
      fc.property(anyTiming, (derived) => {
        const { safeForMs, takenOverWithinMs } = promise("node-lost", derived);
        if (safeForMs === null || takenOverWithinMs === null) return;
        expect(plannedAt(derived.limits.leaseMs - 1, OTHER, derived)).toMatchObject({ because: "attempt-in-flight" });
        expect(plannedAt(takenOverWithinMs - 1, OTHER, derived)).toMatchObject({ kind: "spend", because: "recovery" });
      }),
    );
  });
});
