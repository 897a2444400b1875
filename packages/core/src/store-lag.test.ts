import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinToldLag, NO_STORE_LAG, noteStoreClock, type StoreLag } from "./store-lag.ts";
import { DEFAULT_LIMITS } from "./timing.ts";

const HOUR_MS = 3_600_000;
const { clockSkewMs } = DEFAULT_LIMITS;
const QUIET = { aheadMs: 0, leaptMs: 0, withinMs: 1, sinceMs: 2_500 };
const looked = (lag: StoreLag, seen: Partial<typeof QUIET>) =>
  noteStoreClock(lag, { ...QUIET, ...seen }, DEFAULT_LIMITS);
const MET = looked(NO_STORE_LAG, {});
const WRITTEN_BY_OTHERS = { newestMs: Number.POSITIVE_INFINITY, machineMs: 0 };

describe("how far the clock of a shared store is behind", () => {
  test("is not told by the first look", () => {
    expect(looked(NO_STORE_LAG, { aheadMs: -5 * HOUR_MS }).behindMs).toBe(0);
  });

  test("grows as the clock is set back, and shrinks as it is set right, but never below nothing", () => {
    const behind = looked(MET, { aheadMs: -5 * HOUR_MS });
    expect(behind).toMatchObject({ behindMs: 5 * HOUR_MS, hasFound: true });
    expect(looked(behind, { aheadMs: 2 * HOUR_MS }).behindMs).toBe(3 * HOUR_MS);
    expect(looked(behind, { aheadMs: 9 * HOUR_MS }).behindMs).toBe(0);
  });

  test.each([3, clockSkewMs / 2])(
    "is nothing once the clock is set right but for %d ms, as clocks may differ by",
    (leftMs) => {
      const behind = looked(MET, { aheadMs: -5 * HOUR_MS });
      expect(looked(behind, { aheadMs: 5 * HOUR_MS - leftMs })).toMatchObject({ behindMs: 0, hasFound: true });
    },
  );

  test("is left as it is by a sleep of this node", () => {
    const behind = looked(MET, { aheadMs: -5 * HOUR_MS });
    expect(looked(behind, { aheadMs: HOUR_MS, leaptMs: HOUR_MS }).behindMs).toBe(5 * HOUR_MS);
  });

  test("is left as it is by a sleep in which the machine's own clock was set besides", () => {
    const behind = looked(MET, { aheadMs: -5 * HOUR_MS });
    const woken = looked(behind, { aheadMs: HOUR_MS / 20, leaptMs: 2 * HOUR_MS });
    expect(woken).toMatchObject({ behindMs: 5 * HOUR_MS, isSteady: false });
    expect(looked(woken, { aheadMs: 5 * HOUR_MS, leaptMs: 2 * HOUR_MS }).behindMs).toBe(0);
  });

  test("is no better known to who slept than to who told it, but where nobody told of a clock that was set back", () => {
    const nowMs = 100 * HOUR_MS;
    const slept = { ...MET, isSteady: false, toldAtMs: nowMs };
    const join = (lag: StoreLag, behindMs: number) =>
      joinToldLag(lag, { told: { behindMs, atMs: nowMs - 1 }, nowMs, witnesses: WRITTEN_BY_OTHERS }, DEFAULT_LIMITS);
    expect(join(slept, 5 * HOUR_MS)).toMatchObject({ laterMs: 5 * HOUR_MS, tell: null });
    expect(join({ ...slept, isSteady: true }, 5 * HOUR_MS)).toMatchObject({ laterMs: 0, tell: 0 });
    expect(join({ ...slept, behindMs: 5 * HOUR_MS }, 0)).toMatchObject({ laterMs: 0, tell: 5 * HOUR_MS });
  });

  test("was told, and the machine's clock or the newest record is nearer to that than to the store's: it is not over", () => {
    const nowMs = 100 * HOUR_MS;
    const told = { behindMs: 1.2 * clockSkewMs, atMs: nowMs - 2 * HOUR_MS };
    const join = (machineMs: number, newestMs: number) =>
      joinToldLag(MET, { told, nowMs, witnesses: { newestMs, machineMs } }, DEFAULT_LIMITS).laterMs;
    const [near, far] = [nowMs + 0.5 * clockSkewMs, nowMs + 0.7 * clockSkewMs];
    expect([join(near, near), join(far, near), join(near, far)]).toEqual([0, told.behindMs, told.behindMs]);
  });

  test.each([
    {
      which: "all that was written is past, and the machine's clock agrees",
      newest: -1,
      machine: 0,
      laterMs: 0,
      tell: 0,
    },
    { which: "somebody has written later", newest: 5, machine: 0, laterMs: 5 * HOUR_MS, tell: null },
    { which: "the machine's clock tells what was told", newest: -1, machine: 5, laterMs: 5 * HOUR_MS, tell: null },
  ])("was told, and who is new finds the clock set right: $which", ({ newest, machine, laterMs, tell }) => {
    const nowMs = 100 * HOUR_MS;
    const told = { behindMs: 5 * HOUR_MS, atMs: nowMs - 2 * HOUR_MS };
    const witnesses = { newestMs: nowMs + newest * HOUR_MS, machineMs: nowMs + machine * HOUR_MS };
    expect(joinToldLag(MET, { told, nowMs, witnesses }, DEFAULT_LIMITS)).toMatchObject({ laterMs, tell });
  });

  test("is agreed on by nodes of which each hears what another told, in whatever order they look", () => {
    const look = fc.record({ node: fc.nat(2), byMs: fc.constantFrom(0, 0, -HOUR_MS, -5 * HOUR_MS) });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 12 }), (looks) => {
        const lags: StoreLag[] = [MET, MET, MET];
        const witnesses = WRITTEN_BY_OTHERS;
        let [told, storeMs, nowMs] = [{ behindMs: 0, atMs: 0 }, 0, 0];
        const turn = (node: number) => {
          nowMs += 1;
          const lag = lags[node] ?? MET;
          const joined = joinToldLag(
            looked(lag, { aheadMs: storeMs + lag.behindMs }),
            { told, nowMs, witnesses },
            DEFAULT_LIMITS,
          );
          lags[node] = joined.lag;
          if (joined.tell !== null) told = { behindMs: joined.tell, atMs: nowMs };
        };
        for (const { node, byMs } of looks) {
          storeMs += byMs;
          turn(node);
        }
        for (const node of [0, 1, 2]) turn(node);
        for (const { behindMs } of lags) expect(Math.abs(behindMs + storeMs)).toBeLessThanOrEqual(clockSkewMs);
      }),
    );
  });
});
