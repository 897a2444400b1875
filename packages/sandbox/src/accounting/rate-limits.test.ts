import fc from "fast-check";
import { expect, test } from "vitest";
import { createEngine, createLedger, patchSwitches } from "../engine/index.ts";
import { seededMint } from "../seeded-mint.ts";
import { countCall } from "./rate-limits.ts";

const startMs = Date.UTC(2026, 2, 1);

function aMeter(limits: { readonly minute: number; readonly day: number; readonly appMinute: number }) {
  const engine = createEngine({ ledger: createLedger([], () => {}), mint: seededMint(() => "1"), dialect: "xero" });
  engine.run(startMs, (turn) =>
    patchSwitches(turn.draft, {
      "limits.minute": limits.minute,
      "limits.day": limits.day,
      "limits.app_minute": limits.appMinute,
    }),
  );
  return (atMs: number, organisationId: string) =>
    engine.run(atMs, (turn) => countCall(turn, { clientId: "APP", organisationId }, 1));
}

const steps = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.nat(3000), fc.nat(120_000), fc.nat(90_000_000)),
    organisation: fc.constantFrom("a", "b"),
  }),
  { maxLength: 120 },
);

test("no sixty seconds hold more than two windows' calls, no day more than two days', and Retry-After tells the truth", () => {
  const limits = { minute: 3, day: 8, appMinute: 4 };
  fc.assert(
    fc.property(steps, (given) => {
      const call = aMeter(limits);
      const counted: { atMs: number; organisation: string }[] = [];
      let atMs = startMs;
      for (const { waitMs, organisation } of given) {
        atMs += waitMs;
        const outcome = call(atMs, organisation);
        if (outcome.kind === "counted") {
          counted.push({ atMs, organisation });
          continue;
        }
        const afterMs = atMs + (outcome.retryAfterSeconds ?? 0) * 1000;
        expect(outcome.retryAfterSeconds).toBeGreaterThan(0);
        const later = aCopy(limits, counted)(afterMs, organisation);
        expect(later.kind === "refused" ? later.problem : "counted").not.toBe(outcome.problem);
        const sooner = aCopy(limits, counted)(afterMs - 1001, organisation);
        if (afterMs - 1001 > atMs) expect(sooner.kind).toBe("refused");
      }
      for (const { atMs: fromMs, organisation } of counted) {
        const within = (spanMs: number, theirs: boolean) =>
          counted.filter(
            (each) =>
              (!theirs || each.organisation === organisation) && each.atMs >= fromMs && each.atMs < fromMs + spanMs,
          ).length;
        expect(within(60_000, true)).toBeLessThanOrEqual(2 * limits.minute);
        expect(within(86_400_000, true)).toBeLessThanOrEqual(2 * limits.day);
        expect(within(60_000, false)).toBeLessThanOrEqual(2 * limits.appMinute);
      }
    }),
    { numRuns: 200 },
  );
});

/** A meter that has seen the same calls. */
function aCopy(
  limits: Parameters<typeof aMeter>[0],
  counted: readonly { readonly atMs: number; readonly organisation: string }[],
) {
  const call = aMeter(limits);
  for (const { atMs, organisation } of counted) call(atMs, organisation);
  return call;
}

test("windows of one organisation begin at another instant than another's", () => {
  const call = aMeter({ minute: 1, day: 100, appMinute: 1000 });
  const ends = ["a", "b", "c", "d"].map((organisation) => {
    call(startMs, organisation);
    const refused = call(startMs, organisation);
    return refused.kind === "refused" ? refused.retryAfterSeconds : null;
  });
  expect(new Set(ends).size).toBeGreaterThan(1);
});
