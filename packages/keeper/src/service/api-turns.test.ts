import { type AppId, DEFAULT_LIMITS, EvergrantError } from "@evergrant/core";
import { describe, expect, it } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { ApiLimits } from "../ports/provider.ts";
import { type ApiTurn, ApiTurns, type TurnAsk } from "./api-turns.ts";
import type { ServiceContext } from "./service-context.ts";

const MINUTE_MS = 60_000;
const LIMITS: ApiLimits = {
  tenant: {
    concurrent: 2,
    windows: [
      { name: "minute", spanMs: MINUTE_MS, calls: 4 },
      { name: "day", spanMs: 1440 * MINUTE_MS, calls: 10 },
    ],
  },
  app: { concurrent: null, windows: [{ name: "app-minute", spanMs: MINUTE_MS, calls: 6 }] },
  leftHeaders: { minute: "minute-left", day: "day-left", "app-minute": "app-left" },
  problem: { header: "problem", windows: { minute: "minute", day: "day", app: "app-minute" } },
};

function aQueue(limits: ApiLimits | null = LIMITS) {
  const time = new MovableTime();
  const turns = new ApiTurns({ time, limits: DEFAULT_LIMITS } as unknown as ServiceContext);
  const given: { caller: string; place: string; turn: ApiTurn }[] = [];
  const refused: EvergrantError[] = [];
  const want = async (caller: string, place = "acme", more: Partial<TurnAsk> = {}) => {
    const ask = { app: "ap_1" as AppId, limits, place, caller, still: () => {}, signal: new AbortController().signal };
    void turns.take({ ...ask, ...more }).then(
      (turn) => void given.push({ caller, place, turn }),
      (error: EvergrantError) => void refused.push(error),
    );
    await time.settle();
  };
  const finish = async (index: number, headers: Record<string, string> = {}, status = 200) => {
    given[index]?.turn.answered({ status, headers });
    given[index]?.turn.ended();
    await time.settle();
  };
  return { time, turns, given, refused, want, finish, callers: () => given.map(({ caller }) => caller).join("") };
}

describe("what is left of the limits", () => {
  it("is told by app, of organisations that of the one that has least", async () => {
    const { turns, want, finish } = aQueue();
    expect(turns.left()).toEqual([]);
    for (let call = 0; call < 3; call += 1) {
      await want("a", call < 2 ? "acme" : "other");
      await finish(call);
    }
    const app = "ap_1";
    expect(turns.left()).toEqual([
      { app, name: "minute", left: 2 },
      { app, name: "day", left: 8 },
      { app, name: "app-minute", left: 3 },
    ]);
    await want("a", "other");
    await finish(3, { "day-left": "1" });
    expect(turns.left()).toContainEqual({ app, name: "day", left: 1 });
  });
});

describe("calls to one organisation", () => {
  it("go at once while there is room, and wait for the end of another where as many are open as may be", async () => {
    const { want, finish, callers } = aQueue();
    for (const caller of ["a", "b", "c"]) await want(caller);
    expect(callers()).toBe("ab");
    await finish(0);
    expect(callers()).toBe("abc");
  });

  it("go on when the minute is over, and not before", async () => {
    const { time, want, finish, callers } = aQueue();
    for (let call = 0; call < 5; call += 1) {
      await want("a");
      await finish(call);
    }
    expect(callers()).toBe("aaaa");
    await time.advance(MINUTE_MS - 1_000);
    expect(callers()).toBe("aaaa");
    await time.advance(2_000);
    expect(callers()).toBe("aaaaa");
  });

  it("are taken by turns from those who wait, however much one of them sends", async () => {
    const { want, finish, callers } = aQueue({ ...LIMITS, tenant: { concurrent: 1, windows: [] } });
    for (const caller of ["a", "a", "a", "a", "b", "c"]) await want(caller);
    for (let call = 0; call < 5; call += 1) await finish(call);
    expect(callers()).toBe("abcaaa");
  });

  it("hold up nobody who calls to another organisation, until the app's own limit is met", async () => {
    const { want, callers, given } = aQueue();
    for (const place of ["acme", "acme", "acme", "maple", "oak", "elm", "ash", "fir"]) await want("a", place);
    expect(given.map(({ place }) => place)).toEqual(["acme", "acme", "maple", "oak", "elm", "ash"]);
    expect(callers()).toHaveLength(6);
  });
});

describe("a call that cannot have its turn", () => {
  it("is refused at once where the wait would be too long, with the time to wait", async () => {
    const { time, want, finish, refused } = aQueue();
    await want("a");
    await finish(0, { "day-left": "0" });
    await want("a");
    expect(refused).toMatchObject([{ code: "api_quota_spent", retryAfterMs: 1440 * MINUTE_MS }]);
    await time.advance(1441 * MINUTE_MS);
    await want("a");
    expect(refused).toHaveLength(1);
  });

  it("is refused when it has waited as long as may be, and when too many of the same caller wait before it", async () => {
    const { time, want, refused, finish, callers } = aQueue();
    for (let call = 0; call < 103; call += 1) await want("a");
    expect(refused).toMatchObject([{ code: "api_quota_spent" }]);
    await want("b");
    await finish(0);
    expect(callers()).toBe("aab");
    await time.advance(DEFAULT_LIMITS.apiWaitMs + 1);
    expect(refused).toHaveLength(101);
  });

  it("leaves the queue when its caller hangs up, and when the node stops", async () => {
    const { turns, time, want, refused, given, finish } = aQueue({ ...LIMITS, tenant: { concurrent: 1, windows: [] } });
    const hangingUp = new AbortController();
    await want("a");
    await want("b", "acme", { signal: hangingUp.signal });
    await want("c");
    hangingUp.abort();
    await time.settle();
    await finish(0);
    expect(given.map(({ caller }) => caller)).toEqual(["a", "c"]);
    await want("d");
    turns.stop();
    await time.settle();
    expect(refused.map(({ code }) => code)).toEqual(["api_call_cancelled", "api_call_cancelled"]);
  });

  it("is asked about once more when its turn comes: what was forbidden meanwhile does not go", async () => {
    const { want, finish, refused, callers } = aQueue({ ...LIMITS, tenant: { concurrent: 1, windows: [] } });
    let permitted = true;
    const still = () => {
      if (!permitted) throw new EvergrantError("connection_disabled");
    };
    await want("a");
    await want("b", "acme", { still });
    permitted = false;
    await want("c");
    await finish(0);
    expect(refused).toMatchObject([{ code: "connection_disabled" }]);
    expect(callers()).toBe("ac");
  });
});

describe("what the provider says", () => {
  it("is told as what is left", async () => {
    const { want, given, finish } = aQueue();
    await want("a");
    await finish(0, { "minute-left": "2", "day-left": "7" });
    expect(given[0]?.turn.left().map(({ name, left }) => [name, left])).toEqual([
      ["minute", 2],
      ["day", 7],
      ["app-minute", 5],
    ]);
  });

  it("is obeyed: a 429 closes what it names for as long as it says", async () => {
    const { time, want, finish, callers } = aQueue();
    await want("a");
    await finish(0, { problem: "minute", "retry-after": "20" }, 429);
    await want("a");
    await want("b", "maple");
    expect(callers()).toBe("ab");
    await time.advance(20_001);
    expect(callers()).toBe("aba");
    await finish(1, { problem: "app", "retry-after": "30" }, 429);
    await want("c", "oak");
    expect(callers()).toBe("aba");
    await time.advance(30_001);
    expect(callers()).toBe("abac");
  });

  it("is obeyed without known limits too, as seconds or as a date", async () => {
    const { time, want, finish, callers } = aQueue(null);
    await want("a");
    const date = new Date(time.wallMs()).toUTCString();
    const until = new Date(time.wallMs() + 40_000).toUTCString();
    await finish(0, { "retry-after": until, date }, 503);
    await want("b");
    await time.advance(39_000);
    expect(callers()).toBe("a");
    await time.advance(2_000);
    expect(callers()).toBe("ab");
  });
});

it("a call that was not sent takes nothing away", async () => {
  const { want, given, callers, time } = aQueue();
  for (let call = 0; call < 12; call += 1) {
    await want("a");
    given[call]?.turn.withdrawn();
    await time.settle();
  }
  expect(callers()).toHaveLength(12);
});
