import { expect, test } from "vitest";
import { type Chain, firstChain, type GrantState } from "./grant.ts";
import type { ChainId, LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { NO_LEASE } from "./lease.ts";
import { type PlanInput, planStep } from "./plan.ts";
import { DEFAULT_LIMITS, type Timing, timing } from "./timing.ts";

const MINUTE_MS = 60_000;
const VERSION = "tv_0" as TokenVersionId;

const TIMING: Timing = (() => {
  const verdict = timing(
    {
      ...{ accessLifeMs: 30 * MINUTE_MS, idleLifeMs: 60 * 24 * 60 * MINUTE_MS, absoluteLifeMs: "unknown" },
      rotation: {
        kind: "grace",
        seconds: 1800,
        anchor: "first-use",
        depth: "any",
        retry: "sibling",
        closesWhen: "never",
      },
      ...{ oldAccessToken: "survives", earlyRefresh: "allowed", repeatsDocumented: true },
    },
    DEFAULT_LIMITS,
  );
  return verdict.kind === "possible" ? verdict.timing : expect.unreachable(verdict.reasons.join(" "));
})();

const access = { version: VERSION, receivedAtMs: 0, expiresAtMs: 30 * MINUTE_MS, scope: null };
const chain = firstChain("ch_1" as ChainId, { renewal: "refresh-token", version: VERSION, access, atMs: 0, jitter: 0 });
const live = (change: Partial<Chain> = {}): GrantState => ({ kind: "live", chain: { ...chain, ...change } });

const plan = (state: GrantState, more: Partial<PlanInput>) =>
  planStep(
    state,
    {
      ...{
        nowMs: MINUTE_MS,
        leaseNowMs: MINUTE_MS,
        lease: NO_LEASE,
        node: "nd_1" as NodeId,
        owner: "lo_1" as LeaseOwner,
      },
      ...{ usedAtMs: null, waitedForMs: MINUTE_MS, massRefusal: false, ...more },
    },
    TIMING,
  ).kind;

test("a fresh access token that the API called expired is renewed for whoever waits", () => {
  expect(plan(live(), {})).toBe("rest");
  expect(plan(live(), { refusedAccess: VERSION })).toBe("spend");
});

test("nobody waits, or another token was refused: nothing is spent for it", () => {
  expect(plan(live(), { refusedAccess: VERSION, waitedForMs: null })).toBe("rest");
  expect(plan(live(), { refusedAccess: "tv_9" as TokenVersionId })).toBe("rest");
});

test("a suspect head that waits to be confirmed is not spent sooner for it", () => {
  const { renewal } = chain;
  if (renewal.kind !== "refresh-token") return expect.unreachable();
  const suspect = { parentFirstSentAtMs: 30_000, parentLastSentAtMs: 40_000 };
  const state = live({ renewal: { ...renewal, suspect } });
  expect(plan(state, { refusedAccess: VERSION })).toBe("rest");
});

test("a fresh access token of which nobody knows how old it is, is renewed for whoever waits", () => {
  expect(plan(live(), { accessAfterMs: 0 })).toBe("spend");
  expect(plan(live(), { accessAfterMs: 0, waitedForMs: null })).toBe("rest");
  expect(plan(live(), { accessAfterMs: -1 })).toBe("rest");
});
