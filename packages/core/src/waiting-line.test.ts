import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GrantId } from "./ids.ts";
import { DEFAULT_LIMITS as LIMITS } from "./timing.ts";
import { isItsTurn, leaveLine, NO_LINE, standInLine, TURNS_PER_REQUEST, type WaitingLine } from "./waiting-line.ts";

const GAP_MS = 1_000 / (LIMITS.requestsPerSecond * TURNS_PER_REQUEST);
const grant = (index: number) => `gr_${index}` as GrantId;

/** So many grants that come at instant 0 and are told to wait. */
function lineOf(count: number): { line: WaitingLine; turns: readonly number[] } {
  let line = NO_LINE;
  const turns = Array.from({ length: count }, (_, index) => {
    const stood = standInLine(line, { grant: grant(index), nowMs: 0, notBeforeMs: GAP_MS }, LIMITS);
    line = stood.line;
    return stood.untilMs;
  });
  return { line, turns };
}

describe("the line of those who wait for their turn at one app", () => {
  test("gives each a turn of his own, first come first served, a share of a request apart", () => {
    const { turns } = lineOf(20);
    expect(turns).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * GAP_MS));
  });

  test("lets nobody overtake: whoever comes while others wait stands behind them, and who waits keeps his turn", () => {
    const { line, turns } = lineOf(3);
    expect(isItsTurn(line, { grant: grant(7), nowMs: 0 })).toBe(false);
    expect(isItsTurn(line, { grant: grant(1), nowMs: 0 })).toBe(false);
    expect(isItsTurn(line, { grant: grant(1), nowMs: turns[1] ?? 0 })).toBe(true);
    expect(standInLine(line, { grant: grant(1), nowMs: 0, notBeforeMs: 999 }, LIMITS)).toEqual({
      line,
      untilMs: turns[1],
    });
  });

  test("is no longer than callers wait: whoever would stand beyond is told when to come, and leaves no gap", () => {
    const most = Math.floor(LIMITS.callerWaitMs / GAP_MS);
    const { line } = lineOf(most + 50);
    expect(line.turns.size).toBe(most);
    expect(line.endMs).toBe(LIMITS.callerWaitMs);
    const stood = standInLine(line, { grant: grant(9_999), nowMs: 0, notBeforeMs: 0 }, LIMITS);
    expect(stood).toEqual({ line, untilMs: LIMITS.callerWaitMs + GAP_MS });
  });

  test("is over when its last turn has come, whoever came for it or not", () => {
    const { line } = lineOf(10);
    expect(isItsTurn(line, { grant: grant(77), nowMs: line.endMs })).toBe(true);
    const next = standInLine(line, { grant: grant(77), nowMs: line.endMs + 1, notBeforeMs: line.endMs + 2 }, LIMITS);
    expect([...next.line.turns.keys()]).toEqual([grant(77)]);
  });

  test("never gives two grants the same turn, and never one that is past", () => {
    const asks = fc.array(fc.tuple(fc.nat(40), fc.nat(500), fc.nat(100), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(asks, (all) => {
        let line = NO_LINE;
        let nowMs = 0;
        for (const [index, passesMs, restMs, goes] of all) {
          nowMs += passesMs;
          if (goes) line = leaveLine(line, grant(index));
          else {
            const stood = standInLine(line, { grant: grant(index), nowMs, notBeforeMs: nowMs + 1 + restMs }, LIMITS);
            line = stood.line;
            expect(stood.untilMs).toBeGreaterThan(nowMs);
          }
          const ahead = [...line.turns.values()].filter((turnMs) => turnMs > nowMs);
          expect(new Set(ahead).size).toBe(ahead.length);
        }
      }),
    );
  });
});
