import { describe, expect, test } from "vitest";
import { type Chain, firstChain, type GrantState } from "./grant.ts";
import type { AttemptId, ChainId, LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { NO_LEASE } from "./lease.ts";
import { type PlanInput, planStep } from "./plan.ts";
import { DEFAULT_LIMITS, type Timing, timing } from "./timing.ts";
import { transition } from "./transition.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const TIMING: Timing = (() => {
  const verdict = timing(
    {
      ...{ accessLifeMs: 30 * MINUTE_MS, idleLifeMs: "unlimited", absoluteLifeMs: "none" },
      ...{ rotation: { kind: "none" }, oldAccessToken: "unknown", earlyRefresh: "allowed", repeatsDocumented: true },
    },
    DEFAULT_LIMITS,
  );
  return verdict.kind === "possible" ? verdict.timing : expect.unreachable(verdict.reasons.join(" "));
})();

const chain = firstChain("ch_1" as ChainId, {
  renewal: "client-credentials",
  version: null,
  access: null,
  atMs: 0,
  jitter: 0,
});
const fresh: GrantState = { kind: "live", chain };
const approved: Chain = {
  ...chain,
  access: { version: "tv_1" as TokenVersionId, receivedAtMs: 0, expiresAtMs: 30 * MINUTE_MS, scope: null },
};

function plan(state: GrantState, nowMs: number, more: Partial<PlanInput> = {}) {
  const machine = { lease: NO_LEASE, node: "nd_1" as NodeId, owner: "lo_1" as LeaseOwner };
  const quiet = { usedAtMs: null, waitedForMs: null, massRefusal: false };
  return planStep(state, { nowMs, leaseNowMs: nowMs, ...machine, ...quiet, ...more }, TIMING);
}

/** The provider says that nobody has approved, or that it was deactivated. */
function refused(state: GrantState, atMs: number): { state: GrantState; notice: string | null } {
  const attempt = `at_${atMs}` as AttemptId;
  const begun = transition(
    state,
    { kind: "attempt-begun", atMs, attempt, node: "nd_1" as NodeId, token: null, because: "keepalive", usedAtMs: null },
    TIMING,
  );
  if (begun.kind !== "moved" || !("chain" in begun.state)) throw new Error("not begun");
  const { id, generation } = begun.state.chain;
  const failed = transition(
    begun.state,
    {
      ...{ kind: "failed", atMs, attempt, expected: { chain: id, generation } },
      outcome: { kind: "inactive", error: "unauthorized_client" },
    },
    TIMING,
  );
  if (failed.kind !== "moved") throw new Error("not failed");
  return { state: failed.state, notice: failed.notice };
}

describe("a Custom Connection", () => {
  test("is asked for at once, though nobody waits for a token: whether it was approved is not known yet", () => {
    expect(plan(fresh, 0)).toEqual({ kind: "request", because: "keepalive" });
  });

  test("that nobody approved is asked about with longer and longer pauses, never longer than an hour", () => {
    let state: GrantState = fresh;
    let nowMs = 0;
    const notices: (string | null)[] = [];
    const pauses: number[] = [];
    while (nowMs < 3 * DAY_MS) {
      const after = refused(state, nowMs);
      state = after.state;
      notices.push(after.notice);
      const step = plan(state, nowMs);
      if (step.kind !== "rest") throw new Error(`it should rest, not ${step.kind}`);
      expect(step.because).toBe("next-poll");
      pauses.push(step.untilMs - nowMs);
      nowMs = step.untilMs;
      expect(plan(state, nowMs).kind).toBe("request");
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect([pauses[0], pauses.at(-1)]).toEqual([DEFAULT_LIMITS.retryFirstMs, HOUR_MS]);
    expect(pauses.length).toBeLessThan(150);
    // Told once, however often it was asked about.
    expect(notices.filter((notice) => notice !== null)).toEqual(["consent-needed"]);
  });

  test("is asked about for a caller who waits, but not more often than every five minutes", () => {
    const lost = refused(refused({ kind: "live", chain: approved }, 0).state, 2 * DAY_MS).state;
    const soon = 2 * DAY_MS + MINUTE_MS;
    expect(plan(lost, soon, { waitedForMs: MINUTE_MS })).toMatchObject({
      ...{ kind: "rest", untilMs: 2 * DAY_MS + DEFAULT_LIMITS.retryMaxMs },
    });
    const later = 2 * DAY_MS + DEFAULT_LIMITS.retryMaxMs;
    expect(plan(lost, later, { waitedForMs: MINUTE_MS }).kind).toBe("request");
    expect(plan(lost, later).kind).toBe("rest");
  });

  test("that nobody uses is looked at once a day, so that a deactivation is told before the night's job meets it", () => {
    const idle: GrantState = { kind: "live", chain: approved };
    expect(plan(idle, HOUR_MS)).toEqual({ kind: "rest", untilMs: DAY_MS, because: "not-due" });
    expect(plan(idle, DAY_MS)).toEqual({ kind: "request", because: "keepalive" });
    expect(refused(idle, DAY_MS)).toMatchObject({ notice: "consent-needed", state: { reason: "not-authorised" } });
  });
});
