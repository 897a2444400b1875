import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import { NO_FAULTS, SINGLE_FAULTS } from "./faults.ts";
import { FULL_PROTOCOL } from "./protocol.ts";
import { PROVIDER_MODES } from "./provider-mode.ts";
import { StateSet } from "./state-set.ts";
import { ticksOf } from "./ticks.ts";
import { initialWorld, newToken, type World } from "./world.ts";
import { packWorld, unpackWorld, WORLD_BYTES } from "./world-code.ts";

const PLAN = {
  mode: PROVIDER_MODES.same,
  protocol: FULL_PROTOCOL,
  ticks: ticksOf(6),
  faults: NO_FAULTS,
  refreshes: 1,
  reconsents: 0,
  secondConsent: "keeps-first",
  maxStates: 100_000,
} as const;

describe("a search", () => {
  test("says when it saw every state", () => {
    expect(check(PLAN)).toMatchObject({ kind: "exhausted" });
  });

  test("says when it was cut", () => {
    expect(check({ ...PLAN, maxStates: 5 })).toEqual({ kind: "bounded", states: 5 });
  });

  test("finds the same twice", () => {
    const plan = { ...PLAN, faults: SINGLE_FAULTS.crash(PLAN.ticks) };
    expect(check(plan)).toEqual(check(plan));
  });

  test("tells a violation as a story, shortest first", () => {
    const verdict = check({ ...PLAN, mode: PROVIDER_MODES.strict, faults: { ...NO_FAULTS, lostResponse: 1 } });
    expect(verdict).toMatchObject({
      kind: "violated",
      invariant: "I2 durable knowledge",
      steps: [
        "A takes the lease and writes its intent, reads R0",
        "A sends R0",
        "the provider answers R0 of A, and the answer is lost",
      ],
    });
  });

  test("refuses a clock that it cannot count", () => {
    expect(() => check({ ...PLAN, ticks: ticksOf(12) })).toThrow(/counts up to 15 ticks/);
  });
});

describe("a state in bytes", () => {
  const index = fc.integer({ min: -1, max: 13 });
  const flag = fc.boolean();
  const small = fc.integer({ min: 0, max: 15 });
  const node = fc.record({
    up: flag,
    phase: fc.constantFrom(0, 1, 2, 3, 4, 5, 6),
    token: index,
    generation: small,
    got: index,
    journaled: index,
    journaledGeneration: small,
    localIntent: index,
    localIntentGeneration: small,
  });
  const token = fc.record({
    parent: index,
    chain: fc.integer({ min: 0, max: 3 }),
    used: flag,
    revoked: flag,
    age: small,
    sends: fc.integer({ min: 0, max: 2 }),
  });
  const store = fc.record({
    up: flag,
    head: index,
    chain: small,
    generation: small,
    previous: index,
    candidates: fc.array(fc.integer({ min: 0, max: 13 }), { maxLength: 6 }),
    refused: fc.integer({ min: 0, max: 2 ** 14 - 1 }),
    leaseHolder: fc.integer({ min: -1, max: 1 }),
    leaseAge: small,
    fenceHolder: fc.integer({ min: -1, max: 1 }),
    intent: index,
    attemptedBy: fc.integer({ min: 0, max: 3 }),
    lastAttemptBy: fc.integer({ min: -1, max: 1 }),
    lastSentAge: small,
    suspect: flag,
    confirmAge: small,
    lost: flag,
  });
  const message = fc.record({
    sender: fc.integer({ min: 0, max: 1 }),
    token: fc.integer({ min: 0, max: 13 }),
    age: small,
    heard: fc.constant(true),
    underLease: flag,
  });
  const world: fc.Arbitrary<World> = fc.record({
    tokens: fc.array(token, { minLength: 1, maxLength: 14 }),
    store,
    nodes: fc.tuple(node, node),
    messages: fc.array(message, { maxLength: 6 }),
    budget: fc.constant(initialWorld(PLAN).budget),
    regressed: fc.constant(false),
  });

  test("comes back as it was", () => {
    fc.assert(
      fc.property(world, (before) => {
        const bytes = new Uint8Array(WORLD_BYTES);
        packWorld(before, bytes, 0);
        const after = initialWorld(PLAN);
        unpackWorld(bytes, 0, after);
        expect(after).toEqual(before);
      }),
    );
  });

  test("does not depend on the order of requests, nor on who sent one that nobody listens to", () => {
    const before = initialWorld(PLAN);
    before.tokens.push(newToken(0, 0));
    const stray = { token: 0, age: 1, heard: false, underLease: true };
    const other = { sender: 1, token: 1, age: 0, heard: true, underLease: true };
    const one = new Uint8Array(WORLD_BYTES);
    const two = new Uint8Array(WORLD_BYTES);
    packWorld({ ...before, messages: [{ ...stray, sender: 0 }, other] }, one, 0);
    packWorld({ ...before, messages: [other, { ...stray, sender: 1 }] }, two, 0);
    expect(one).toEqual(two);
  });
});

describe("a set of states", () => {
  test("keeps each state once, whatever its size", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 400 }), (values) => {
        const set = new StateSet(8, 4);
        for (const value of values) {
          new DataView(set.bytes.buffer).setUint32(set.end, value);
          set.keep();
        }
        expect(set.size).toBe(new Set(values).size);
      }),
    );
  });
});
