import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ApiAccount,
  type ApiMeter,
  type BegunCall,
  beginCall,
  type CallLimits,
  callsLeft,
  endCall,
  mayBeginAtMs,
  newMeter,
  noteAnswer,
  withdrawCall,
} from "./api-meter.ts";

const MINUTE_MS = 60_000;
const STRAY_MS = 15_000;
const limits: CallLimits = {
  concurrent: 3,
  windows: [
    { name: "minute", spanMs: MINUTE_MS, calls: 6 },
    { name: "day", spanMs: 60 * MINUTE_MS, calls: 40 },
  ],
};
const SILENT: ApiAccount = { left: [null, null], refused: null };

/** A provider with fixed windows that begin wherever they like, which counts a call at some moment while it is under way. */
function aProvider(offsets: readonly number[]) {
  const counts = limits.windows.map(() => ({ window: Number.NaN, calls: 0 }));
  return {
    count(atMs: number): { refused: boolean; left: readonly number[] } {
      let refused = false;
      for (const [index, { spanMs, calls }] of limits.windows.entries()) {
        const window = Math.floor((atMs - (offsets[index] ?? 0)) / spanMs);
        const count = counts[index] ?? expect.unreachable();
        if (count.window !== window) Object.assign(count, { window, calls: 0 });
        if (count.calls >= calls) refused = true;
        else count.calls += 1;
      }
      return { refused, left: limits.windows.map(({ calls }, index) => calls - (counts[index]?.calls ?? 0)) };
    },
  };
}

interface Moment {
  readonly atMs: number;
  readonly happen: () => void;
}

const callsOf = (fates: readonly ("told" | "silent" | "given-up" | "withdrawn")[]) =>
  fc.array(
    fc.record({
      /** When it wants to go after the one before. */
      afterMs: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(3_000), fc.nat(90_000)),
      countedAfterMs: fc.oneof(fc.constant(0), fc.nat(2_000)),
      answeredAfterMs: fc.oneof(fc.constant(0), fc.nat(4_000)),
      endsAfterMs: fc.oneof(fc.constant(0), fc.nat(6_000)),
      fate: fc.constantFrom(...fates),
    }),
    { minLength: 20, maxLength: 80 },
  );
const someCalls = fc.oneof(
  callsOf(["silent"]),
  callsOf(["told"]),
  callsOf(["silent", "given-up"]),
  callsOf(["told", "given-up"]),
  callsOf(["told", "silent", "given-up", "withdrawn"]),
);

describe("against a provider whose windows begin anywhere, and whose counters are told or not", () => {
  it("no call that it lets go is ever refused, and every call goes some time", () => {
    fc.assert(
      fc.property(someCalls, fc.tuple(fc.nat(MINUTE_MS), fc.nat(60 * MINUTE_MS)), (calls, offsets) => {
        const provider = aProvider(offsets);
        const agenda: Moment[] = [];
        const plan = (atMs: number, happen: () => void) => {
          agenda.push({ atMs, happen });
          agenda.sort((a, b) => a.atMs - b.atMs);
        };
        let nowMs = 1_000_000;
        let meter: ApiMeter = newMeter(limits);
        let open = 0;
        const until = (atMs: number) => {
          while (agenda[0] !== undefined && agenda[0].atMs <= atMs) {
            const next = agenda.shift() ?? expect.unreachable();
            nowMs = Math.max(nowMs, next.atMs);
            next.happen();
          }
          nowMs = Math.max(nowMs, atMs);
        };
        for (const call of calls) {
          until(nowMs + call.afterMs);
          for (let looks = 0; ; looks += 1) {
            expect(looks).toBeLessThan(500);
            const atMs = mayBeginAtMs(meter, nowMs, limits);
            if (atMs !== null && atMs <= nowMs) break;
            until(atMs ?? agenda[0]?.atMs ?? expect.unreachable("nothing to wait for"));
          }
          const begun = beginCall(meter, nowMs);
          meter = begun.meter;
          const { fate } = call;
          if (fate === "withdrawn") {
            meter = withdrawCall(meter);
            continue;
          }
          open += 1;
          expect(open).toBeLessThanOrEqual(3);
          const startMs = nowMs;
          let left: readonly number[] = [];
          // One that nobody waits for any more is counted when the provider gets to it.
          const countedMs = startMs + call.countedAfterMs + (fate === "given-up" ? call.endsAfterMs : 0);
          plan(countedMs, () => {
            const counted = provider.count(countedMs);
            expect(counted.refused).toBe(false);
            left = counted.left;
          });
          const answeredMs = startMs + call.countedAfterMs + call.answeredAfterMs;
          if (fate !== "given-up")
            plan(answeredMs, () => {
              const account = { left: fate === "told" ? left : [null, null], refused: null };
              meter = noteAnswer(meter, { call: begun.call, nowMs, account }, limits);
            });
          const endMs =
            fate === "given-up" ? startMs + Math.min(call.endsAfterMs, 2_000) : answeredMs + call.endsAfterMs;
          plan(endMs, () => {
            open -= 1;
            meter = endCall(meter, { answered: fate !== "given-up", nowMs, strayMs: STRAY_MS }, limits);
          });
        }
        until(nowMs + 120_000);
        expect(meter.open).toBe(0);
        expect(meter.uncounted).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});

describe("a meter", () => {
  const T = 1_000_000;
  const begin = (meter: ApiMeter, nowMs: number) => beginCall(meter, nowMs);
  const whole = (meter: ApiMeter, nowMs: number, account: ApiAccount = SILENT) => {
    const { meter: begun, call } = begin(meter, nowMs);
    return endCall(
      noteAnswer(begun, { call, nowMs, account }, limits),
      { answered: true, nowMs, strayMs: STRAY_MS },
      limits,
    );
  };

  it("lets as many go as the smallest window holds, and the next when the first is a span old", () => {
    let meter = newMeter(limits);
    for (let call = 0; call < 6; call += 1) {
      expect(mayBeginAtMs(meter, T, limits)).toBeLessThanOrEqual(T);
      meter = whole(meter, T);
    }
    expect(callsLeft(meter, T, limits)).toEqual([0, 34]);
    expect(mayBeginAtMs(meter, T, limits)).toBe(T + MINUTE_MS);
    expect(mayBeginAtMs(meter, T + MINUTE_MS, limits)).toBeLessThanOrEqual(T + MINUTE_MS);
  });

  it("waits for the end of a call where as many are open as may be", () => {
    let meter = newMeter(limits);
    const calls: BegunCall[] = [];
    for (let call = 0; call < 3; call += 1) {
      const begun = begin(meter, T);
      meter = begun.meter;
      calls.push(begun.call);
    }
    expect(mayBeginAtMs(meter, T, limits)).toBeNull();
    const given = endCall(meter, { answered: false, nowMs: T, strayMs: STRAY_MS }, limits);
    // Nobody saw its end: the provider may still be at it.
    expect(mayBeginAtMs(given, T, limits)).toBe(T + STRAY_MS);
    const first = calls[0] ?? expect.unreachable();
    const answered = noteAnswer(meter, { call: first, nowMs: T, account: SILENT }, limits);
    expect(mayBeginAtMs(answered, T, limits)).toBeNull();
    const ended = endCall(answered, { answered: true, nowMs: T, strayMs: STRAY_MS }, limits);
    expect(mayBeginAtMs(ended, T, limits)).toBeLessThanOrEqual(T);
  });

  it("believes the provider where others use up the same limits", () => {
    const meter = whole(newMeter(limits), T, { left: [0, 20], refused: null });
    expect(callsLeft(meter, T, limits)).toEqual([0, 20]);
    expect(mayBeginAtMs(meter, T, limits)).toBe(T + MINUTE_MS);
  });

  it("believes the provider where a window has begun anew sooner than could be known", () => {
    let meter = newMeter(limits);
    for (let call = 0; call < 5; call += 1) meter = whole(meter, T);
    meter = whole(meter, T + 1_000, { left: [5, 34], refused: null });
    expect(mayBeginAtMs(meter, T + 1_000, limits)).toBeLessThanOrEqual(T + 1_000);
    expect(callsLeft(meter, T + 1_000, limits)).toEqual([5, 34]);
  });

  it("takes off the provider's number what it may not hold yet, and no more", () => {
    const first = begin(newMeter(limits), T);
    const second = begin(first.meter, T);
    const third = begin(second.meter, T);
    const tell = (meter: ApiMeter, call: BegunCall, left: readonly [number, number]) =>
      noteAnswer(meter, { call, nowMs: T + 100, account: { left, refused: null } }, limits);
    const one = tell(third.meter, second.call, [4, 30]);
    expect(callsLeft(one, T + 100, limits)).toEqual([2, 28]);
    // The first was counted before the second, the third after it.
    const two = tell(one, first.call, [5, 31]);
    expect(callsLeft(two, T + 100, limits)).toEqual([3, 29]);
    expect(callsLeft(tell(two, third.call, [3, 29]), T + 100, limits)).toEqual([3, 29]);
  });

  it("pauses for as long as a refusal says, and then begins the window anew", () => {
    let meter = newMeter(limits);
    for (let call = 0; call < 4; call += 1) meter = whole(meter, T);
    meter = whole(meter, T, { left: [0, 36], refused: { window: 0, retryAfterMs: 20_000 } });
    expect(mayBeginAtMs(meter, T, limits)).toBe(T + 20_000);
    expect(callsLeft(meter, T + 20_000, limits)[0]).toBe(6);
  });
});
