import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTurn, type Waiting } from "./fair-turns.ts";

const waiting = (caller: string, place = "t"): Waiting => ({ caller, place });

test("nobody waits, or nobody has room: nobody goes", () => {
  expect(nextTurn([], new Map(), () => true)).toBeNull();
  expect(nextTurn([waiting("a")], new Map(), () => false)).toBeNull();
});

test("a place without room holds up nobody else", () => {
  expect(nextTurn([waiting("a", "full"), waiting("b", "free")], new Map(), (place) => place === "free")).toBe(1);
});

test("whoever had a turn longest ago goes first, and of one caller the oldest call", () => {
  const turns = new Map([
    ["a", 5],
    ["b", 3],
  ]);
  expect(nextTurn([waiting("a"), waiting("b"), waiting("b")], turns, () => true)).toBe(1);
  expect(nextTurn([waiting("a"), waiting("b"), waiting("c")], turns, () => true)).toBe(2);
});

test("however much one caller sends, between two turns of another that waits each has one at most", () => {
  const callers = fc.constantFrom("a", "b", "c");
  fc.assert(
    fc.property(fc.array(callers, { minLength: 1, maxLength: 60 }), (arrivals) => {
      let queue = arrivals.map((caller) => waiting(caller));
      const turnsOf = new Map<string, number>();
      const order: string[] = [];
      for (let turn = 1; queue.length > 0; turn += 1) {
        const index = nextTurn(queue, turnsOf, () => true) ?? expect.unreachable();
        const caller = queue[index]?.caller ?? "";
        queue = queue.filter((_, other) => other !== index);
        turnsOf.set(caller, turn);
        order.push(caller);
        // While somebody waits, nobody else had two turns since his last.
        for (const other of new Set(queue.map((entry) => entry.caller))) {
          const since = order.slice(order.lastIndexOf(other) + 1).filter((each) => each !== other);
          expect(new Set(since).size).toBe(since.length);
        }
      }
      expect(order).toHaveLength(arrivals.length);
    }),
  );
});
