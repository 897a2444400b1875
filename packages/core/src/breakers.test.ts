import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AmbiguityBreaker, admit, CLOSED_BREAKER, noteOutcome, noteOwed, type Owed } from "./ambiguity-breaker.ts";
import type { GrantId } from "./ids.ts";
import { isMassDeath, noteRefusal, type Refusals } from "./mass-death-breaker.ts";
import { DEFAULT_LIMITS as LIMITS } from "./timing.ts";
import { draw, fullBucket } from "./token-bucket.ts";

const grant = (number: number) => `gr_${number}` as GrantId;
const CALM = { owed: new Map(), inFlight: 0 } as const;

function afterAmbiguous(count: number): AmbiguityBreaker {
  let breaker = CLOSED_BREAKER;
  for (let number = 0; number < count; number += 1)
    breaker = noteOutcome(breaker, { grant: grant(number), outcome: "ambiguous", nowMs: number }, LIMITS);
  return breaker;
}

describe("the ambiguity breaker", () => {
  test("opens at the fifth lost answer in a minute, not at the fourth", () => {
    expect(afterAmbiguous(LIMITS.ambiguityThreshold - 1).kind).toBe("closed");
    expect(afterAmbiguous(LIMITS.ambiguityThreshold).kind).toBe("open");
  });

  test("forgets lost answers that lie further apart", () => {
    let breaker = CLOSED_BREAKER;
    for (let number = 0; number < 50; number += 1)
      breaker = noteOutcome(breaker, { grant: grant(number), outcome: "ambiguous", nowMs: number * 20_000 }, LIMITS);
    expect(breaker.kind).toBe("closed");
  });

  test("lets one sound canary through at a time, and closes at its first answer", () => {
    const open = afterAmbiguous(LIMITS.ambiguityThreshold);
    const ask = (breaker: AmbiguityBreaker, number: number, nowMs: number) =>
      admit(breaker, { grant: grant(number), because: "hot", nowMs, ...CALM }, LIMITS);
    const nowMs = LIMITS.retryFirstMs + LIMITS.retryMaxMs + 10;
    expect(ask(open, 9, 10)).toMatchObject({ kind: "wait" });
    const admitted = ask(open, 9, nowMs);
    if (admitted.kind === "wait") throw new Error("no canary");
    expect(ask(admitted.breaker, 8, nowMs)).toMatchObject({ kind: "wait" });
    expect(noteOutcome(admitted.breaker, { grant: grant(9), outcome: "rejected", nowMs }, LIMITS)).toEqual(
      CLOSED_BREAKER,
    );
    const silent = noteOutcome(admitted.breaker, { grant: grant(9), outcome: "ambiguous", nowMs }, LIMITS);
    expect(ask(silent, 8, nowMs)).toMatchObject({ kind: "wait" });
    expect(ask(silent, 8, nowMs + 2 * LIMITS.retryMaxMs)).toMatchObject({ kind: "go" });
  });

  test("I8 bounded ambiguity: holds back no grant whose answer is lost already, whoever probes: its grace runs out", () => {
    const open = afterAmbiguous(LIMITS.ambiguityThreshold);
    const ask = (breaker: AmbiguityBreaker, number: number, nowMs: number) => {
      const admitted = admit(breaker, { grant: grant(number), because: "recovery", nowMs, ...CALM }, LIMITS);
      if (admitted.kind === "wait") throw new Error("held back");
      return admitted.breaker;
    };
    const nowMs = LIMITS.retryFirstMs + 10;
    const probing = ask(open, 0, nowMs);
    expect(probing).toMatchObject({ canary: grant(0) });
    expect(ask(probing, 1, nowMs)).toEqual(probing);
    expect(ask(open, 2, 10)).toEqual(open);
    expect(noteOutcome(probing, { grant: grant(1), outcome: "ambiguous", nowMs }, LIMITS)).toEqual(probing);
    expect(noteOutcome(probing, { grant: grant(1), outcome: "success", nowMs }, LIMITS)).toEqual(CLOSED_BREAKER);
  });
});

describe("I10 blast radius: however long the provider is silent", () => {
  test("the canary is a grant whose answer is lost already, as long as there is one", () => {
    const open = afterAmbiguous(LIMITS.ambiguityThreshold);
    const nowMs = LIMITS.retryFirstMs + LIMITS.ambiguityThreshold;
    expect(admit(open, { grant: grant(9), because: "hot", nowMs, ...CALM }, LIMITS)).toMatchObject({ kind: "wait" });
    expect(admit(open, { grant: grant(9), because: "demand", nowMs, ...CALM }, LIMITS)).toMatchObject({ kind: "wait" });
    expect(admit(open, { grant: grant(0), because: "recovery", nowMs, ...CALM }, LIMITS)).toMatchObject({ kind: "go" });
  });

  test("a sound grant probes where no other did for as long as the longest pause between repeats", () => {
    const open = afterAmbiguous(LIMITS.ambiguityThreshold);
    const nowMs = LIMITS.retryFirstMs + LIMITS.ambiguityThreshold + LIMITS.retryMaxMs;
    expect(admit(open, { grant: grant(9), because: "hot", nowMs, ...CALM }, LIMITS)).toMatchObject({ kind: "go" });
  });
});

describe("I10 blast radius: a provider that loses some answers and gives others", () => {
  const most = LIMITS.ambiguityThreshold + LIMITS.inFlightMax;
  const owedBy = (count: number): Owed => {
    let owed: Owed = new Map();
    for (let number = 0; number < count; number += 1)
      owed = noteOwed(owed, { grant: grant(number), outcome: "ambiguous", nowMs: 0 }, LIMITS);
    return owed;
  };
  const ask = (number: number, more: { owed: Owed; inFlight: number; nowMs?: number }) =>
    admit(CLOSED_BREAKER, { grant: grant(number), because: "hot", nowMs: 1, ...more }, LIMITS).kind;

  test("puts no more at risk at once than a silent one would, though its breaker closes again and again", () => {
    expect(ask(99, { owed: owedBy(most - 1), inFlight: 0 })).toBe("go");
    expect(ask(99, { owed: owedBy(most), inFlight: 0 })).toBe("wait");
    expect(ask(99, { owed: owedBy(10), inFlight: most - 10 })).toBe("wait");
  });

  test("counts on what is owed while the app is locked out: its repeats do nothing", () => {
    let owed = owedBy(most);
    const laterMs = LIMITS.retryMaxMs;
    for (let number = 0; number < most; number += 1)
      owed = noteOwed(owed, { grant: grant(number), outcome: "app-error", nowMs: laterMs }, LIMITS);
    expect(ask(99, { owed, inFlight: 0, nowMs: 2 * (LIMITS.leaseMs + LIMITS.retryMaxMs) + 1 })).toBe("wait");
  });

  test("holds back none whose answer is owed already, and nobody once that has been asked for again", () => {
    const owed = owedBy(most);
    expect(ask(3, { owed, inFlight: 0 })).toBe("go");
    expect(
      ask(99, { owed: noteOwed(owed, { grant: grant(3), outcome: "success", nowMs: 1 }, LIMITS), inFlight: 0 }),
    ).toBe("go");
    expect(
      ask(99, { owed: noteOwed(owed, { grant: grant(3), outcome: "not-executed", nowMs: 1 }, LIMITS), inFlight: 0 }),
    ).toBe("wait");
    expect(ask(99, { owed, inFlight: 0, nowMs: 2 * (LIMITS.leaseMs + LIMITS.retryMaxMs) + 1 })).toBe("go");
  });
});

describe("the mass-death breaker", () => {
  const refused = (count: number): Refusals => {
    let refusals: Refusals = new Map();
    for (let number = 0; number < count; number += 1)
      refusals = noteRefusal(refusals, { grant: grant(number), nowMs: 0 }, LIMITS);
    return refusals;
  };

  test.each([
    [1, 1, false],
    [2, 2, true],
    [4, 5, false],
    [5, 5, true],
    [5, 100, false],
    [6, 100, true],
    [20, 1000, false],
    [21, 1000, true],
  ])("%i refused of %i: %s", (count, grants, held) => {
    expect(isMassDeath(refused(count), { grants, nowMs: 1 }, LIMITS)).toBe(held);
  });

  test("is over when nothing was refused for its window", () => {
    expect(isMassDeath(refused(5), { grants: 5, nowMs: LIMITS.massDeathWindowMs + 1 }, LIMITS)).toBe(false);
  });
});

test("the bucket never lets more through than its burst and rate, and keeps its reserve for what cannot wait", () => {
  const ask = fc.record({ ms: fc.nat(2_000), because: fc.constantFrom("hot", "recovery") });
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 400 }), (asks) => {
      let bucket = fullBucket(0, LIMITS);
      let nowMs = 0;
      let sent = 0;
      for (const { ms, because } of asks) {
        nowMs += ms;
        const drawn = draw(bucket, { because, nowMs }, LIMITS);
        if (drawn.kind === "wait") {
          expect(drawn.untilMs).toBeGreaterThan(nowMs);
          expect(draw(bucket, { because, nowMs: drawn.untilMs }, LIMITS).kind).toBe("go");
          continue;
        }
        if (because === "hot")
          expect(drawn.bucket.level).toBeGreaterThanOrEqual(LIMITS.requestBurst * LIMITS.recoveryReserveShare - 1e-9);
        bucket = drawn.bucket;
        sent += 1;
      }
      expect(sent).toBeLessThanOrEqual(LIMITS.requestBurst + (nowMs * LIMITS.requestsPerSecond) / 1000 + 1);
    }),
  );
});
