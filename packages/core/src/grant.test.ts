import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GrantEvent, Renewed, Transition } from "./event.ts";
import { type Chain, chainOf, firstChain, type GrantState, isLeftToOriginal, type RefreshRenewal } from "./grant.ts";
import type { AttemptId, ChainId, LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { type Lease, NO_LEASE, releaseLease, takeLease } from "./lease.ts";
import type { Failure } from "./outcome.ts";
import { dueAtMs, type PlanInput, planStep } from "./plan.ts";
import { DEFAULT_LIMITS, type Timing, type TokenPolicy, timing } from "./timing.ts";
import { transition } from "./transition.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NODE = "node-a" as NodeId;
const OWNER = "owner-a" as LeaseOwner;
const CHAIN = "ch_1" as ChainId;

const POLICY: TokenPolicy = {
  accessLifeMs: 30 * MINUTE_MS,
  idleLifeMs: 60 * DAY_MS,
  absoluteLifeMs: "unknown",
  rotation: {
    kind: "grace",
    seconds: 1800,
    anchor: "first-use",
    depth: "unknown",
    retry: "unknown",
    closesWhen: "unknown",
  },
  oldAccessToken: "unknown",
  earlyRefresh: "allowed",
  repeatsDocumented: true,
};
const TIMING = timingOf(POLICY);

function timingOf(policy: TokenPolicy): Timing {
  const verdict = timing(policy, DEFAULT_LIMITS);
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return verdict.timing;
}

/** A grant and a clock: events go in, the state is looked at. */
class GrantWorld {
  nowMs = 0;
  state: GrantState;
  lease: Lease = NO_LEASE;
  #attempts = 0;
  readonly timing: Timing;

  constructor(timing: Timing = TIMING) {
    this.timing = timing;
    const access = {
      version: "tv_0" as TokenVersionId,
      receivedAtMs: 0,
      expiresAtMs: timing.policy.accessLifeMs,
      scope: null,
    };
    const chain = firstChain(CHAIN, { renewal: "refresh-token", version: access.version, access, atMs: 0, jitter: 0 });
    this.state = { kind: "live", chain };
  }

  get chain(): Chain {
    const chain = chainOf(this.state);
    if (chain === null) throw new Error("no chain");
    return chain;
  }

  get renewal(): RefreshRenewal {
    const { renewal } = this.chain;
    if (renewal.kind === "client-credentials") throw new Error("no refresh token");
    return renewal;
  }

  advance(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  apply(event: GrantEvent): Transition {
    const moved = transition(this.state, event, this.timing);
    if (moved.kind === "moved") this.state = moved.state;
    return moved;
  }

  plan(more: Partial<PlanInput> = {}) {
    const input = {
      nowMs: this.nowMs,
      leaseNowMs: this.nowMs,
      lease: this.lease,
      node: NODE,
      owner: OWNER,
      usedAtMs: null,
      waitedForMs: null,
      massRefusal: false,
    };
    return planStep(this.state, { ...input, ...more }, this.timing);
  }

  begin(token: TokenVersionId = this.renewal.head.version): AttemptId {
    this.#attempts += 1;
    const attempt = `at_${this.#attempts}` as AttemptId;
    const lease = takeLease(this.lease, { owner: OWNER, nowMs: this.nowMs, leaseMs: this.timing.limits.leaseMs });
    if (lease === null) throw new Error("held");
    this.lease = lease;
    this.apply({ kind: "attempt-begun", atMs: this.nowMs, attempt, node: NODE, token, because: "hot", usedAtMs: null });
    return attempt;
  }

  renew(attempt: AttemptId, change: Partial<Renewed> = {}): Transition {
    const spent = this.chain.attempt?.token ?? this.renewal.head.version;
    const renewed: Renewed = {
      attempt,
      expected: { chain: this.chain.id, generation: this.chain.generation },
      spent,
      sentAtMs: this.chain.attempt?.startedAtMs ?? this.nowMs,
      version: attempt.replace("at", "tv") as TokenVersionId,
      rotated: true,
      access: { expiresAtMs: this.nowMs + this.timing.policy.accessLifeMs, scope: null },
      usedAtMs: null,
      jitter: 0,
      ...change,
    };
    const moved = this.apply({ kind: "renewed", atMs: this.nowMs, ...renewed });
    if (moved.kind === "moved" && moved.releases) this.lease = releaseLease(this.lease, this.lease.fence);
    return moved;
  }

  fail(attempt: AttemptId, outcome: Failure): Transition {
    const moved = this.apply({
      kind: "failed",
      atMs: this.nowMs,
      attempt,
      expected: { chain: this.chain.id, generation: this.chain.generation },
      outcome,
    });
    if (moved.kind === "moved" && moved.releases) this.lease = releaseLease(this.lease, this.lease.fence);
    return moved;
  }
}

describe("the schedule of a live grant", () => {
  test("one that callers use is due after 20 minutes", () => {
    const world = new GrantWorld();
    expect(world.plan({ usedAtMs: 0 })).toEqual({ kind: "rest", untilMs: 20 * MINUTE_MS, because: "not-due" });
    expect(world.advance(20 * MINUTE_MS).plan({ usedAtMs: 0 })).toMatchObject({ kind: "spend", because: "hot" });
  });

  test("one that nobody uses is due after 7 days", () => {
    const world = new GrantWorld();
    expect(world.plan()).toEqual({ kind: "rest", untilMs: 7 * DAY_MS, because: "not-due" });
    expect(world.advance(7 * DAY_MS).plan()).toMatchObject({ kind: "spend", because: "keepalive" });
  });

  test("a waiting caller makes it due at once, unless another node has renewed the token meanwhile", () => {
    expect(new GrantWorld().plan({ waitedForMs: MINUTE_MS })).toMatchObject({ kind: "rest", because: "not-due" });
    const worn = new GrantWorld().advance(29.5 * MINUTE_MS);
    expect(worn.plan({ waitedForMs: MINUTE_MS })).toMatchObject({ kind: "spend", because: "demand" });
  });

  test("I11 warning before lapse: one whose answers are lost for weeks is warned of too, and asked for again all the while", () => {
    const world = new GrantWorld();
    const levels: string[] = [];
    for (let day = 8; day <= 50; day += 1) {
      world.nowMs = day * DAY_MS;
      world.lease = NO_LEASE;
      for (let step = world.plan(); step.kind === "warn"; step = world.plan()) {
        levels.push(`${step.level} on day ${day}`);
        world.apply({ kind: "warned", atMs: world.nowMs, level: step.level });
      }
      expect(world.plan().kind).toBe("spend");
      world.fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
    }
    expect(levels).toEqual(["half on day 30", "three-quarters on day 45"]);
  });

  test("I11 warning before lapse: a neglected one is warned of twice and spent in between as an emergency", () => {
    const world = new GrantWorld().advance(31 * DAY_MS);
    expect(world.plan()).toEqual({ kind: "warn", level: "half" });
    expect(world.apply({ kind: "warned", atMs: world.nowMs, level: "half" })).toMatchObject({ notice: "lapse-coming" });
    expect(world.plan()).toMatchObject({ kind: "spend", because: "emergency" });
    expect(world.advance(15 * DAY_MS).plan()).toEqual({ kind: "warn", level: "three-quarters" });
  });

  test("jitter only shortens an interval", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (jitter) => {
        const { atMs } = dueAtMs({ ...new GrantWorld().chain, jitter }, 0, TIMING);
        expect(atMs).toBeGreaterThan(18 * MINUTE_MS - 1);
        expect(atMs).toBeLessThanOrEqual(20 * MINUTE_MS);
      }),
    );
  });
});

describe("an answer that was lost", () => {
  test("I8 bounded ambiguity: keeps the lease until strays are gone, then the same token is sent again", () => {
    const world = new GrantWorld();
    const attempt = world.begin();
    world.advance(1_000).fail(attempt, { kind: "ambiguous", reason: "reset" });
    expect(world.plan()).toMatchObject({ kind: "rest", because: "attempt-in-flight" });
    expect(world.advance(DEFAULT_LIMITS.leaseMs).plan()).toEqual({ kind: "spend", token: "tv_0", because: "recovery" });
  });

  test.each<Failure>([
    { kind: "not-executed", reason: "429", retryAfterMs: null },
    { kind: "app-error", error: "invalid_client", status: 401 },
  ])("is still owed after a repeat that did nothing (%o)", (nothing) => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).fail(world.begin(), nothing);
    expect(world.plan()).toMatchObject({ kind: "rest", because: "backing-off" });
    expect(world.advance(DEFAULT_LIMITS.retryMaxMs).plan()).toEqual({
      kind: "spend",
      token: "tv_0",
      because: "recovery",
    });
  });

  test("I8 bounded ambiguity: is asked for many times before its deadline, however often the provider is too busy", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    const deadlineMs = TIMING.spendWindowMs ?? 0;
    let tries = 0;
    while (world.nowMs < deadlineMs && tries < 200) {
      const step = world.plan();
      if (step.kind === "rest") world.nowMs = step.untilMs;
      else {
        tries += 1;
        const again = world.begin();
        world.fail(again, { kind: "not-executed", reason: "429", retryAfterMs: null });
        world.lease = releaseLease(world.lease, world.lease.fence);
      }
    }
    expect(tries).toBeGreaterThan(30);
    expect(tries).toBeLessThan(100);
    expect(world.state.kind).toBe("live");
  });

  test.each<Failure>([
    { kind: "ambiguous", reason: "reset" },
    { kind: "not-executed", reason: "429", retryAfterMs: null },
  ])("is owed as before when the end of an attempt is told twice, as after a lost acknowledgement (%o)", (end) => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    const repeat = world.advance(DEFAULT_LIMITS.leaseMs).begin();
    world.fail(repeat, end);
    const before = world.state;
    expect(world.fail(repeat, end)).toEqual({ kind: "unmoved", because: "stale" });
    expect(world.state).toBe(before);
    expect(world.advance(DEFAULT_LIMITS.leaseMs + DEFAULT_LIMITS.retryMaxMs).plan()).toMatchObject({
      kind: "spend",
      because: "recovery",
    });
  });

  test("is asked for again at once while a caller waits, where the provider says that repeats are welcome", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    expect(world.plan({ waitedForMs: MINUTE_MS })).toMatchObject({ kind: "spend", token: "tv_0" });
    const reserved = new GrantWorld(timingOf({ ...POLICY, repeatsDocumented: false }));
    reserved.fail(reserved.begin(), { kind: "ambiguous", reason: "reset" });
    expect(reserved.plan({ waitedForMs: MINUTE_MS })).toMatchObject({ kind: "rest", because: "attempt-in-flight" });
  });

  test("leaves a suspect head behind, which is confirmed while its parent could still step in", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
    expect(world.renewal.suspect).not.toBeNull();
    const due = dueAtMs(world.chain, null, TIMING);
    expect(due.because).toBe("confirm");
    expect(due.atMs).toBeGreaterThan(DEFAULT_LIMITS.leaseMs + DEFAULT_LIMITS.pauseToleratedMs);
    expect(due.atMs).toBeLessThan(30 * MINUTE_MS);
    world.nowMs = due.atMs;
    world.renew(world.begin());
    expect(world.renewal).toMatchObject({ suspect: null, candidates: [] });
  });

  test("of another node, past the grace, is waited for instead of spent", () => {
    const world = new GrantWorld();
    world.begin();
    const elsewhere = { node: "node-b" as NodeId, owner: "owner-b" as LeaseOwner };
    expect(world.advance(30 * MINUTE_MS).plan(elsewhere)).toMatchObject({ kind: "rest", because: "past-grace-hold" });
    expect(world.plan()).toMatchObject({ kind: "spend", because: "recovery" });
    expect(world.advance(DAY_MS).plan(elsewhere)).toMatchObject({ kind: "spend", because: "recovery" });
  });
});

describe("a send that a store which went back in time has forgotten", () => {
  const remembered = (world: GrantWorld, change: Partial<Extract<GrantEvent, { kind: "send-remembered" }>> = {}) =>
    world.apply({
      kind: "send-remembered",
      atMs: world.nowMs,
      attempt: "at_lost" as AttemptId,
      node: NODE,
      expected: { chain: CHAIN, generation: world.chain.generation },
      token: world.renewal.head.version,
      sentAtMs: world.nowMs - MINUTE_MS,
      endedAtMs: null,
      ...change,
    });

  test("I2 durable knowledge: its answer is owed again, counted from when it was sent", () => {
    const world = new GrantWorld().advance(5 * MINUTE_MS);
    expect(remembered(world)).toMatchObject({ kind: "moved", audit: { event: "send-remembered" } });
    expect(world.renewal.head).toMatchObject({ sends: 1, firstSentAtMs: 4 * MINUTE_MS, lastSentAtMs: 4 * MINUTE_MS });
    expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0", because: "recovery" });
  });

  test("told twice it is one send", () => {
    const world = new GrantWorld().advance(5 * MINUTE_MS);
    remembered(world);
    expect(remembered(world)).toMatchObject({ kind: "unmoved" });
    expect(world.renewal.head.sends).toBe(1);
  });

  test("beside a later one that is known the first send is the older one, and the later attempt goes on", () => {
    const world = new GrantWorld().advance(5 * MINUTE_MS);
    const attempt = world.begin();
    remembered(world);
    expect(world.renewal.head).toMatchObject({
      sends: 2,
      firstSentAtMs: 4 * MINUTE_MS,
      lastSentAtMs: 5 * MINUTE_MS,
    });
    expect(world.chain.attempt?.id).toBe(attempt);
    world.renew(attempt);
    expect(world.renewal.suspect).not.toBeNull();
  });

  test("I2 durable knowledge: where another send of the same token has brought the head, that is proven no more, and used in time", () => {
    const world = new GrantWorld().advance(5 * MINUTE_MS);
    const forgotten = { expected: { chain: CHAIN, generation: 0 }, token: world.renewal.head.version };
    const sentAtMs = world.nowMs - MINUTE_MS;
    world.renew(world.begin());
    expect(world.renewal.suspect).toBeNull();
    expect(remembered(world, { ...forgotten, sentAtMs })).toMatchObject({ kind: "moved" });
    expect(world.chain).toMatchObject({ generation: 1, attempt: null });
    expect(world.renewal.suspect).toEqual({ parentFirstSentAtMs: sentAtMs, parentLastSentAtMs: world.nowMs });
    expect(world.renewal.previous).toMatchObject({ version: forgotten.token, sends: 2 });
    expect(dueAtMs(world.chain, null, TIMING).because).toBe("confirm");
  });

  test("a grant that has moved on, or stands on another chain, owes nothing", () => {
    const world = new GrantWorld().advance(5 * MINUTE_MS);
    const expected = { chain: CHAIN, generation: world.chain.generation };
    const token = world.renewal.head.version;
    world.renew(world.begin());
    world.renew(world.begin());
    expect(remembered(world, { expected, token })).toMatchObject({ kind: "unmoved" });
    expect(remembered(world, { expected: { chain: "ch_2" as ChainId, generation: 1 } })).toMatchObject({
      kind: "unmoved",
    });
  });
});

test("I4 single spender: a forgotten send that brought a token after all is counted beside the one that is on its way, whose lease stays", () => {
  const world = new GrantWorld().advance(5 * MINUTE_MS);
  const sentAtMs = world.nowMs;
  const spent = world.renewal.head.version;
  world.advance(2 * MINUTE_MS);
  world.begin();
  const moved = world.renew("at_forgotten" as AttemptId, { spent, sentAtMs });
  expect(moved).toMatchObject({ kind: "moved", releases: false });
  expect(world.renewal.previous).toMatchObject({ version: spent, sends: 2, firstSentAtMs: sentAtMs });
  expect(world.renewal.suspect).toMatchObject({ parentFirstSentAtMs: sentAtMs });
});

test("I4 single spender: a late answer that moves the chain on leaves the request that is on its way alone: nothing is sent before its lease ends", () => {
  const world = new GrantWorld().advance(20 * MINUTE_MS);
  const begunMs = world.nowMs;
  const expected = { chain: CHAIN, generation: 0 };
  const parent = world.renewal.head.version;
  const attempt = world.begin();
  const access = { expiresAtMs: begunMs + MINUTE_MS, scope: null };
  world.renew("at_forgotten" as AttemptId, { expected, sentAtMs: 0, access });
  expect(world.chain).toMatchObject({ generation: 1, attempt: { id: attempt } });
  const worn = { waitedForMs: 2 * MINUTE_MS };
  expect(world.plan(worn)).toEqual({
    kind: "rest",
    untilMs: begunMs + DEFAULT_LIMITS.leaseMs,
    because: "attempt-in-flight",
  });
  const after = world.advance(DEFAULT_LIMITS.leaseMs).plan(worn);
  expect(after).toEqual({ kind: "spend", token: parent, because: "recovery" });
});

describe("an answer to an earlier send than the last", () => {
  const { leaseMs } = DEFAULT_LIMITS;

  /** Two sends of one token: the answer to the first has come and was settled, that to the second is owed. */
  function overtaken() {
    const world = new GrantWorld().advance(20 * MINUTE_MS);
    const sentAtMs = world.nowMs;
    const first = world.begin();
    const expected = { chain: CHAIN, generation: 0 };
    const parent = world.renewal.head.version;
    world.advance(leaseMs);
    const second = world.begin();
    world.renew(first, { expected, spent: parent, sentAtMs });
    const ends = (outcome: Failure) =>
      world.apply({ kind: "failed", atMs: world.nowMs, attempt: second, expected, outcome });
    return { world, parent, child: world.renewal.head.version, second, ends };
  }

  test("I2 durable knowledge: does not settle what was asked later: that is asked for again, and the older child stays at hand", () => {
    const { world, parent, child } = overtaken();
    expect(world.chain).toMatchObject({ generation: 1, attempt: { token: parent } });
    expect(world.plan()).toMatchObject({ kind: "rest", because: "attempt-in-flight" });
    world.advance(leaseMs);
    expect(world.plan()).toEqual({ kind: "spend", token: parent, because: "recovery" });
    world.renew(world.begin(parent));
    expect(world.chain).toMatchObject({ generation: 2, attempt: null });
    expect(world.renewal).toMatchObject({ previous: { version: parent, sends: 3 }, candidates: [{ version: child }] });
    expect(world.renewal.suspect).not.toBeNull();
  });

  test("is not confirmed before a duplicate of the last try can no more come", () => {
    const { world, parent } = overtaken();
    world.advance(leaseMs);
    const sentAtMs = world.nowMs;
    world.begin(parent);
    expect(world.renewal.suspect).toMatchObject({ parentLastSentAtMs: sentAtMs });
  });

  test("is left at its child once the parent's grace is over: to ask then could only hurt that", () => {
    const { world, child } = overtaken();
    world.advance(30 * MINUTE_MS);
    expect(world.plan({ waitedForMs: DEFAULT_LIMITS.minTtlMs })).toMatchObject({ kind: "spend", token: child });
  });

  test("does settle it where the provider takes no token twice", () => {
    const world = new GrantWorld(timingOf({ ...POLICY, rotation: { kind: "strict" } })).advance(20 * MINUTE_MS);
    const [expected, sentAtMs] = [{ chain: CHAIN, generation: 0 }, world.nowMs];
    const first = world.begin();
    world.advance(leaseMs).begin();
    world.renew(first, { expected, sentAtMs });
    expect(world.chain).toMatchObject({ generation: 1, attempt: null });
  });

  test("I9 isolation of error classes: a refusal of the later send says nothing of that child, and one that did nothing is owed nothing", () => {
    for (const outcome of [
      { kind: "rejected", error: "invalid_grant", status: 400 },
      { kind: "not-executed", reason: "the connection was refused", retryAfterMs: null },
    ] as const) {
      const { world, ends } = overtaken();
      expect(ends(outcome)).toMatchObject({ kind: "moved", releases: true });
      expect(world.state).toMatchObject({ kind: "live", chain: { attempt: null, trouble: null } });
    }
  });

  test("I8 bounded ambiguity: the later one, lost as well, is owed until it is asked for again", () => {
    const { world, parent, ends } = overtaken();
    const lost = { kind: "ambiguous", reason: "the connection was lost" } as const;
    expect(ends(lost)).toMatchObject({ kind: "moved", releases: false });
    expect(ends(lost)).toEqual({ kind: "unmoved", because: "stale" });
    expect(world.chain.attempt).toMatchObject({ token: parent, endedAtMs: world.nowMs });
  });
});

test("I1 no false death: a token that was refused wrongly and then taken is heard again as the parent of what it brought", () => {
  const refusal: Failure = { kind: "rejected", error: "invalid_grant" };
  const world = new GrantWorld();
  for (let heard = 0; heard < 2; heard += 1) world.advance(5 * MINUTE_MS).fail(world.begin(), refusal);
  world.advance(5 * MINUTE_MS).fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
  world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
  world.advance(14 * MINUTE_MS).fail(world.begin(), refusal);
  let step = world.plan();
  if (step.kind === "rest") step = world.advance(step.untilMs - world.nowMs).plan();
  expect(step).toEqual({ kind: "spend", token: "tv_0", because: "court" });
});

test("I2 durable knowledge: a store that forgot the send which brought a token, but not the one before it, counts both", () => {
  const world = new GrantWorld().advance(5 * MINUTE_MS);
  const spent = world.renewal.head.version;
  world.begin();
  const firstSentAtMs = world.nowMs;
  world.advance(95_000).renew("at_forgotten" as AttemptId, { spent, sentAtMs: firstSentAtMs + 95_000 });
  expect(world.renewal.previous).toMatchObject({ version: spent, sends: 2, firstSentAtMs });
  expect(world.renewal.suspect).toMatchObject({ parentLastSentAtMs: firstSentAtMs + 95_000 });
});

test("I1 no false death: a head that was refused once, and overtaken by its parent's other child, is asked again before the chain is given up", () => {
  const refusal: Failure = { kind: "rejected", error: "invalid_grant" };
  const world = new GrantWorld();
  world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
  world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
  const overtaken = world.renewal.head.version;
  world.advance(20 * MINUTE_MS).fail(world.begin(), refusal);
  world.renew(world.begin("tv_0" as TokenVersionId));
  expect(world.renewal.candidates).toMatchObject([{ version: overtaken, refusals: 1 }]);
  world.advance(20 * MINUTE_MS).renew(world.begin());
  world.advance(20 * MINUTE_MS).fail(world.begin(), refusal);
  const asked = new Set<TokenVersionId>();
  for (let step = world.plan(); step.kind !== "declare-lost"; step = world.plan()) {
    if (step.kind === "spend") {
      asked.add(step.token);
      world.fail(world.begin(step.token), refusal);
    } else if (step.kind === "rest") world.nowMs = step.untilMs;
    else throw new Error(step.kind);
  }
  expect(asked).toContain(overtaken);
});

test("I1 no false death: what a proven head left behind is asked last, when nothing can be lost by it", () => {
  const world = new GrantWorld().advance(20 * MINUTE_MS);
  const expected = { chain: CHAIN, generation: 0 };
  const spent = world.renewal.head.version;
  const late = world.begin();
  world.advance(2 * MINUTE_MS);
  world.renew(world.begin());
  world.renew(late, { expected, spent });
  world.advance(15 * MINUTE_MS);
  world.renew(world.begin());
  world.advance(20 * MINUTE_MS);
  expect(world.renewal.candidates.map(({ version }) => version)).toEqual(["tv_1"]);
  const asked: string[] = [];
  for (let step = world.plan(); world.state.kind !== "consent-needed"; step = world.plan()) {
    if (step.kind === "rest") world.advance(step.untilMs - world.nowMs);
    else if (step.kind === "declare-lost") world.apply({ kind: "declared-lost", atMs: world.nowMs });
    else if (step.kind === "spend") {
      asked.push(step.token);
      world.fail(world.begin(step.token), { kind: "rejected", error: "invalid_grant" });
    } else break;
  }
  expect(asked.slice(0, 3)).toEqual(["tv_3", "tv_3", "tv_3"]);
  expect(asked.filter((token) => token === "tv_1")).toHaveLength(2);
  expect(asked.at(-1)).toBe("tv_1");
});

test("I2 durable knowledge: a send older than the grace did nothing where a later one succeeds: its head is confirmed while the later parent can step in", () => {
  const world = new GrantWorld().advance(20 * MINUTE_MS);
  world.fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
  for (let tries = 0; tries < 8; tries += 1) {
    world.advance(15 * MINUTE_MS).lease = NO_LEASE;
    world.fail(world.begin(), { kind: "not-executed", reason: "refused", retryAfterMs: null });
  }
  expect(world.renewal.head).toMatchObject({ sends: 1, firstSentAtMs: null });
  world.advance(5 * MINUTE_MS);
  const sentAtMs = world.nowMs;
  world.renew(world.begin());
  expect(world.renewal.suspect).toMatchObject({ parentFirstSentAtMs: sentAtMs });
  expect(world.plan()).toMatchObject({ kind: "rest", untilMs: sentAtMs + (world.timing.confirm?.fromMs ?? 0) });
});

test("I1 no false death: a parent that was sent again and again is asked for as long as its last send may be the one that was taken", () => {
  const world = new GrantWorld().advance(20 * MINUTE_MS);
  for (let tries = 0; tries < 9; tries += 1) {
    world.fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
    world.advance(3 * MINUTE_MS).lease = NO_LEASE;
  }
  world.renew(world.begin());
  world.advance(14 * MINUTE_MS);
  const refusal = { kind: "rejected", error: "invalid_grant" } as const;
  for (let hearing = 0; hearing < 3; hearing += 1) {
    world.fail(world.begin(), refusal);
    world.advance(5 * MINUTE_MS);
  }
  expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0", because: "court" });
});

test("I1 no false death: a parent is heard a second time before its grace is over, also where that comes soon after the first", () => {
  const world = new GrantWorld().advance(20 * MINUTE_MS);
  const parentSentAtMs = world.nowMs;
  world.fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
  world.lease = NO_LEASE;
  world.renew(world.begin());
  const refusal = { kind: "rejected", error: "invalid_grant" } as const;
  world.advance(14 * MINUTE_MS);
  for (let hearing = 0; hearing < 3; hearing += 1) {
    world.fail(world.begin(), refusal);
    world.advance(hearing < 2 ? 5 * MINUTE_MS : 0);
  }
  expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0" });
  world.fail(world.begin("tv_0" as TokenVersionId), refusal);
  const rest = world.plan();
  if (rest.kind !== "rest") throw new Error(`it did not rest but ${rest.kind}`);
  expect(rest.untilMs).toBeLessThan(parentSentAtMs + 30 * MINUTE_MS);
  expect(world.advance(rest.untilMs - world.nowMs).plan()).toMatchObject({ kind: "spend", token: "tv_0" });
});

test("a node that was asked long ago does not take back what another node knows of later callers", () => {
  const world = new GrantWorld();
  const begin = (attempt: string, usedAtMs: number) =>
    world.apply({
      kind: "attempt-begun",
      atMs: world.nowMs,
      attempt: attempt as AttemptId,
      node: NODE,
      token: world.renewal.head.version,
      because: "hot",
      usedAtMs,
    });
  begin("at_a", 10 * MINUTE_MS);
  begin("at_b", 2 * MINUTE_MS);
  expect(world.chain.usedAtMs).toBe(10 * MINUTE_MS);
  world.renew("at_b" as AttemptId, { usedAtMs: 3 * MINUTE_MS });
  expect(world.chain.usedAtMs).toBe(10 * MINUTE_MS);
});

describe("I9 isolation of error classes: whatever is not the grant's never touches its health", () => {
  test.each<[Failure, string]>([
    [{ kind: "app-error", error: "invalid_client", status: 401 }, "app-error"],
    [{ kind: "not-executed", reason: "ECONNREFUSED", retryAfterMs: null }, "unreachable"],
    [{ kind: "ambiguous", reason: "status 502" }, "ambiguous"],
    [{ kind: "inactive", error: "unauthorized_client" }, "app-error"],
  ])("%o", (failure, trouble) => {
    const world = new GrantWorld();
    for (let tries = 0; tries < 50; tries += 1) {
      world.fail(world.begin(), failure);
      expect(world.state.kind).toBe("live");
      world.advance(DEFAULT_LIMITS.leaseMs + DEFAULT_LIMITS.retryMaxMs);
    }
    expect(world.chain.trouble).toMatchObject({ kind: trouble, failures: 50 });
  });

  test("Retry-After is obeyed, also when a caller waits", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "not-executed", reason: "429", retryAfterMs: 40_000 });
    expect(world.plan({ waitedForMs: MINUTE_MS })).toEqual({ kind: "rest", untilMs: 40_000, because: "backing-off" });
  });

  test("an app that is refused is told once, not at every try", () => {
    const world = new GrantWorld();
    const failure: Failure = { kind: "app-error", error: "invalid_client", status: 401 };
    expect(world.fail(world.begin(), failure)).toMatchObject({ notice: "app-broken" });
    expect(world.fail(world.begin(), failure)).toMatchObject({ notice: null });
  });
});

describe("the court", () => {
  const refusal: Failure = { kind: "rejected", error: "invalid_grant" };

  test("I1 no false death: never ends a grant on one refusal: the head is heard again twice, five minutes apart", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), refusal);
    for (let heard = 0; heard < 2; heard += 1) {
      expect(world.state.kind).toBe("in-court");
      expect(world.plan({ waitedForMs: MINUTE_MS })).toMatchObject({ kind: "rest", because: "court-spacing" });
      expect(world.advance(5 * MINUTE_MS).plan()).toEqual({ kind: "spend", token: "tv_0", because: "court" });
      world.fail(world.begin(), refusal);
    }
    expect(world.plan()).toEqual({ kind: "declare-lost" });
    expect(world.apply({ kind: "declared-lost", atMs: world.nowMs })).toMatchObject({ notice: "consent-needed" });
    expect(world.state).toMatchObject({ kind: "consent-needed", reason: "refused-by-provider" });
  });

  /** A head that took two sends of its parent, the first at instant 0: refused when it is confirmed. */
  function suspectRefused(atMs: number): GrantWorld {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
    world.nowMs = atMs;
    world.fail(world.begin(), refusal);
    return world;
  }

  test("I1 no false death: asks the parent of a suspect head, heard out or not, while two hearings a spell of refusals apart fit into its grace", () => {
    const world = suspectRefused(14 * MINUTE_MS);
    const step = world.plan();
    if (step.kind !== "rest") throw new Error(step.kind);
    expect(step.untilMs).toBeLessThan(17 * MINUTE_MS);
    world.nowMs = step.untilMs;
    expect(world.plan()).toEqual({ kind: "spend", token: "tv_0", because: "court" });
    world.fail(world.begin("tv_0" as TokenVersionId), refusal);
    for (let heard = 0; heard < 2; heard += 1) {
      expect(world.advance(5 * MINUTE_MS).plan()).toMatchObject({ kind: "spend", token: "tv_2" });
      world.fail(world.begin(), refusal);
    }
    expect(world.plan()).toEqual({ kind: "spend", token: "tv_0", because: "court" });
    world.renew(world.begin("tv_0" as TokenVersionId));
    expect(world.state.kind).toBe("live");
  });

  test("asks the parent of a suspect head at once where the head was refused late", () => {
    const world = suspectRefused(20 * MINUTE_MS);
    expect(world.plan()).toEqual({ kind: "spend", token: "tv_0", because: "court" });
  });

  test("I1 no false death: hearings that come late do not add up: the last is due when a spell of refusals is over", () => {
    const world = new GrantWorld();
    world.renew(world.begin());
    const openedMs = world.nowMs;
    world.fail(world.begin(), refusal);
    expect(world.plan()).toMatchObject({ untilMs: openedMs + 5 * MINUTE_MS });
    world.nowMs = openedMs + 7 * MINUTE_MS;
    world.fail(world.begin(), refusal);
    expect(world.plan()).toMatchObject({ kind: "rest", untilMs: openedMs + 10 * MINUTE_MS });
    world.nowMs = openedMs + 10 * MINUTE_MS;
    expect(world.plan()).toMatchObject({ kind: "spend", because: "court" });
  });

  /** A head whose parent was sent at instant 0: refused at once, and then again this late. */
  function refusedAgain(atMs: number): GrantWorld {
    const world = new GrantWorld();
    world.renew(world.begin());
    world.fail(world.begin(), refusal);
    world.nowMs = atMs;
    world.fail(world.begin(), refusal);
    return world;
  }

  test("I1 no false death: hears no token twice within one request's time, however late it is", () => {
    const world = refusedAgain(12 * MINUTE_MS);
    expect(world.plan()).toMatchObject({ kind: "rest", untilMs: world.nowMs + DEFAULT_LIMITS.requestTimeoutMs });
  });

  test("I1 no false death: hears nobody in haste where the parent's window is over: two days that passed at once may be a clock's mistake", () => {
    const world = refusedAgain(2 * DAY_MS);
    expect(world.plan()).toMatchObject({ kind: "rest", untilMs: world.nowMs + DEFAULT_LIMITS.courtSpacingMs });
  });

  test.each([
    ["unsent", 0],
    ["sent", 5 * MINUTE_MS],
  ])("keeps its pace when the parent's window has closed before the head, %s before, was refused", (_, sentMs) => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
    world.nowMs = 45 * MINUTE_MS - sentMs;
    if (sentMs > 0) world.fail(world.begin(), { kind: "ambiguous", reason: "timeout" });
    world.nowMs = 45 * MINUTE_MS;
    for (let heard = 0; heard < 3; heard += 1) {
      world.fail(world.begin(), refusal);
      const step = world.plan();
      if (heard === 2) expect(step).toEqual({ kind: "declare-lost" });
      else expect(step).toEqual({ kind: "rest", untilMs: world.nowMs + 5 * MINUTE_MS, because: "court-spacing" });
      world.advance(5 * MINUTE_MS);
    }
  });

  test("leaves the parent of a clean head alone until the head has been heard out: asking could only kill it", () => {
    const world = new GrantWorld();
    world.renew(world.begin());
    world.advance(8 * MINUTE_MS).fail(world.begin(), refusal);
    for (let heard = 0; heard < 2; heard += 1) {
      world.advance(5 * MINUTE_MS);
      expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_1" });
      world.fail(world.begin(), refusal);
    }
    expect(world.plan()).toEqual({ kind: "spend", token: "tv_0", because: "court" });
  });

  test("asks the parent of a head whose own answer may have been lost only when the head has been heard out", () => {
    const world = new GrantWorld();
    world.fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).renew(world.begin());
    world.advance(5 * MINUTE_MS).fail(world.begin(), { kind: "ambiguous", reason: "reset" });
    world.advance(DEFAULT_LIMITS.leaseMs).fail(world.begin(), refusal);
    for (let heard = 0; heard < 2; heard += 1) {
      expect(world.plan()).toMatchObject({ kind: "rest", because: "court-spacing" });
      expect(world.advance(5 * MINUTE_MS).plan()).toMatchObject({ kind: "spend", token: "tv_2" });
      world.fail(world.begin(), refusal);
    }
    expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0" });
  });

  test("hears a candidate twice: one refusal ends no token's hearing", () => {
    const world = new GrantWorld();
    const late = world.begin();
    world.renew(late);
    world.renew("at_9" as AttemptId, { expected: { chain: CHAIN, generation: 0 } });
    const candidate = world.renewal.candidates[0]?.version as TokenVersionId;
    world.advance(14 * MINUTE_MS).fail(world.begin(), refusal);
    for (let heard = 0; heard < 2; heard += 1) world.advance(5 * MINUTE_MS).fail(world.begin(), refusal);
    expect(world.plan()).toMatchObject({ kind: "spend", token: candidate });
    world.fail(world.begin(candidate), refusal);
    expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0" });
    world.fail(world.begin("tv_0" as TokenVersionId), refusal);
    expect(world.plan()).toMatchObject({ kind: "rest", because: "court-spacing" });
    expect(world.advance(10 * MINUTE_MS).plan()).toMatchObject({ kind: "spend", token: candidate });
    world.fail(world.begin(candidate), refusal);
    expect(world.plan()).toMatchObject({ kind: "spend", token: "tv_0" });
    world.advance(30 * MINUTE_MS);
    expect(world.plan()).toEqual({ kind: "declare-lost" });
  });

  test("a token that turns up after the verdict makes the court sit again", () => {
    const world = new GrantWorld();
    const late = world.begin();
    world.state = {
      kind: "consent-needed",
      chain: { ...world.chain, generation: 1 },
      reason: "refused-by-provider",
      sinceMs: 0,
    };
    world.renew(late, { expected: { chain: CHAIN, generation: 0 } });
    expect(world.state.kind).toBe("in-court");
    expect(world.plan()).toEqual({ kind: "spend", token: "tv_1", because: "court" });
  });

  test("says that a grant lapsed when nobody could keep it for its whole idle life", () => {
    const world = new GrantWorld().advance(61 * DAY_MS);
    world.fail(world.begin(), refusal);
    for (let heard = 0; heard < 2; heard += 1) world.advance(5 * MINUTE_MS).fail(world.begin(), refusal);
    world.apply({ kind: "declared-lost", atMs: world.nowMs });
    expect(world.state).toMatchObject({ kind: "consent-needed", reason: "lapsed" });
  });
});

describe("a new consent", () => {
  test("starts a new chain; a late token of the old one is sealed, never spent (I16 no cross-chain revival)", () => {
    const world = new GrantWorld();
    const late = world.begin();
    const access = { version: "tv_new" as TokenVersionId, receivedAtMs: 0, expiresAtMs: 1, scope: null };
    const chain = firstChain("ch_2" as ChainId, {
      renewal: "refresh-token",
      version: access.version,
      access,
      atMs: 0,
      jitter: 0,
    });
    world.apply({ kind: "consented", atMs: 0, chain });
    const moved = world.renew(late, { expected: { chain: CHAIN, generation: 0 } });
    expect(moved).toMatchObject({ kind: "moved", audit: { event: "late-token-sealed" } });
    expect(world.state).toEqual({ kind: "live", chain });
  });

  test("settling the same answer twice changes nothing", () => {
    const world = new GrantWorld();
    const attempt = world.begin();
    world.renew(attempt);
    const before = world.state;
    expect(world.renew(attempt, { expected: { chain: CHAIN, generation: 0 } })).toEqual({
      kind: "unmoved",
      because: "already-settled",
    });
    expect(world.state).toBe(before);
  });
});

describe("a grant in a store that is a copy of another", () => {
  const cloned = (world: GrantWorld) => world.apply({ kind: "cloned", atMs: world.nowMs });
  const spent = (world: GrantWorld) => {
    world.begin();
    return world;
  };
  const refused = (world: GrantWorld) => {
    world.fail(world.begin(), { kind: "rejected", error: "invalid_grant" });
    return world;
  };
  const lost = (world: GrantWorld) => {
    refused(world).apply({ kind: "declared-lost", atMs: world.nowMs });
    return world;
  };

  test.each([
    ["live", new GrantWorld()],
    ["with an attempt on its way", spent(new GrantWorld())],
    ["in court", refused(new GrantWorld())],
    ["lost already", lost(new GrantWorld())],
  ])("that was %s is never spent again, however long it waits, and nobody is told", (_name, world) => {
    const before = world.chain;
    expect(cloned(world)).toMatchObject({ kind: "moved", audit: { event: "left-to-original" }, notice: null });
    expect(world.state).toMatchObject({ kind: "consent-needed", reason: "cloned" });
    for (const ms of [0, 20 * MINUTE_MS, 7 * DAY_MS, 59 * DAY_MS]) {
      world.advance(ms).lease = NO_LEASE;
      expect(world.plan({ usedAtMs: world.nowMs, waitedForMs: MINUTE_MS })).toEqual({ kind: "sleep" });
    }
    expect(versionsOf(world.chain)).toEqual(versionsOf(before));
    expect(cloned(world)).toMatchObject({ kind: "unmoved" });
  });

  test("stays so when a late answer comes: its token is sealed; only a consent begins a chain of its own", () => {
    const world = new GrantWorld();
    const late = world.begin();
    cloned(world);
    const before = world.state;
    expect(world.renew(late)).toMatchObject({ kind: "moved", audit: { event: "late-token-sealed" } });
    expect(world.state).toBe(before);
    const chain = firstChain("ch_2" as ChainId, {
      ...{ renewal: "refresh-token", version: "tv_new" as TokenVersionId, access: null },
      ...{ atMs: world.nowMs, jitter: 0 },
    });
    world.apply({ kind: "consented", atMs: world.nowMs, chain });
    expect(world.state).toEqual({ kind: "live", chain });
  });

  test("goes on where it holds no refresh token: a Custom Connection asks with its app's own credentials", () => {
    const chain = firstChain(CHAIN, { renewal: "client-credentials", version: null, access: null, atMs: 0, jitter: 0 });
    const world = new GrantWorld();
    world.state = { kind: "live", chain };
    expect(cloned(world)).toMatchObject({ kind: "unmoved" });
    expect(world.state).toEqual({ kind: "live", chain });
  });

  test.each<GrantState>([{ kind: "unconsented" }, { kind: "ended", reason: "revoked", sinceMs: 1 }])(
    "is left as it is where it has no chain: $kind",
    (state) => {
      const world = new GrantWorld();
      world.state = state;
      expect(cloned(world)).toEqual({ kind: "unmoved", because: "no-chain" });
    },
  );
});

describe("the lease", () => {
  test("I4 single spender: is one holder's at a time, its fence grows, and an old fence releases nothing", () => {
    const ask = (owner: string, nowMs: number) => ({ owner: owner as LeaseOwner, nowMs, leaseMs: 90_000 });
    const first = takeLease(NO_LEASE, ask("a", 0));
    if (first === null) throw new Error("not taken");
    expect(takeLease(first, ask("b", 89_999))).toBeNull();
    const second = takeLease(first, ask("b", 90_000));
    expect(second).toMatchObject({ fence: 2, owner: "b" });
    expect(second && releaseLease(second, first.fence)).toBe(second);
  });
});

/** One random thing that happens to a grant: what is in flight, what comes back, and how late. */
type Happening = {
  readonly ms: number;
  readonly what:
    | "renew"
    | "renew-late"
    | "reject"
    | "lose"
    | "fail"
    | "remember"
    | "declare"
    | "consent"
    | "clone"
    | "end";
};

test("whatever happens in whatever order: integers only grow (I3), nothing received is dropped (I2), chains never mix (I16), each move is told once (I13)", () => {
  const happening: fc.Arbitrary<Happening> = fc.record({
    ms: fc.integer({ min: 0, max: 10 * DAY_MS }),
    what: fc.constantFrom(
      "renew",
      "renew-late",
      "reject",
      "lose",
      "fail",
      "remember",
      "declare",
      "consent",
      "clone",
      "end",
    ),
  });
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const world = new GrantWorld();
      let stale: { attempt: AttemptId; expected: { chain: ChainId; generation: number } } | null = null;
      for (const { ms, what } of happenings) {
        if (world.state.kind === "ended") break;
        const before = world.state;
        world.advance(ms);
        world.lease = NO_LEASE;
        const attempt = world.begin();
        const moved = happen(world, { what, attempt, stale });
        if (what === "lose")
          stale = { attempt, expected: { chain: world.chain.id, generation: world.chain.generation } };
        check(before, world.state, moved);
      }
    }),
    { numRuns: 300 },
  );
});

function happen(
  world: GrantWorld,
  event: {
    what: Happening["what"];
    attempt: AttemptId;
    stale: { attempt: AttemptId; expected: Renewed["expected"] } | null;
  },
): Transition {
  const { attempt, stale, what } = event;
  switch (what) {
    case "renew":
      return world.renew(attempt);
    case "renew-late":
      return stale === null ? world.renew(attempt) : world.renew(stale.attempt, { expected: stale.expected });
    case "reject":
      return world.fail(attempt, { kind: "rejected", error: "invalid_grant" });
    case "lose":
      return world.fail(attempt, { kind: "ambiguous", reason: "reset" });
    case "fail":
      return world.fail(attempt, { kind: "not-executed", reason: "refused", retryAfterMs: null });
    case "remember":
      return world.apply({
        kind: "send-remembered",
        atMs: world.nowMs,
        attempt: `${attempt}_before` as AttemptId,
        node: NODE,
        expected: { chain: world.chain.id, generation: world.chain.generation },
        token: world.renewal.head.version,
        sentAtMs: world.nowMs,
        endedAtMs: null,
      });
    case "declare":
      return world.apply({ kind: "declared-lost", atMs: world.nowMs });
    case "consent": {
      const version = `tv_c${world.nowMs}` as TokenVersionId;
      const chain = firstChain(`ch_${attempt}` as ChainId, {
        renewal: "refresh-token",
        version,
        access: null,
        atMs: world.nowMs,
        jitter: 0,
      });
      return world.apply({ kind: "consented", atMs: world.nowMs, chain });
    }
    case "clone":
      return world.apply({ kind: "cloned", atMs: world.nowMs });
    case "end":
      return world.apply({ kind: "ended", atMs: world.nowMs, reason: "revoked" });
  }
}

function check(before: GrantState, after: GrantState, moved: Transition): void {
  const [old, now] = [chainOf(before), chainOf(after)];
  if (moved.kind === "moved") {
    expect(moved.audit.event).not.toBe("");
    if (moved.audit.event === "renewed" || moved.audit.event === "late-token-kept") {
      const version = moved.audit.event === "renewed" ? now?.access?.version : moved.audit.facts.version;
      expect(now === null ? [] : versionsOf(now)).toContain(version);
    }
  }
  if (old === null || now === null || old.id !== now.id) return;
  expect(now.generation).toBeGreaterThanOrEqual(old.generation);
  if (now.generation === old.generation) expect(versionsOf(now)[0]).toBe(versionsOf(old)[0]);
  if (isLeftToOriginal(before)) expect(after).toBe(before);
  if (after.kind === "consent-needed" && before.kind !== "consent-needed" && !isLeftToOriginal(after))
    expect(before.kind).toBe("in-court");
}

function versionsOf(chain: Chain): readonly string[] {
  if (chain.renewal.kind === "client-credentials") return [];
  const { head, candidates, previous } = chain.renewal;
  return [head, ...candidates, ...(previous === null ? [] : [previous])].map((token) => token.version);
}
