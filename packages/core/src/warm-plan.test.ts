import { describe, expect, it } from "vitest";
import { type AccessFacts, type Chain, firstChain } from "./grant.ts";
import type { ChainId, LeaseOwner, NodeId, TokenVersionId } from "./ids.ts";
import { NO_LEASE } from "./lease.ts";
import { planStep } from "./plan.ts";
import { DEFAULT_LIMITS, type Timing, type TokenPolicy, timing } from "./timing.ts";
import type { WarmHours } from "./warm-hours.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const START_MS = Date.parse("2026-11-27T12:00:00Z");
/** Half of how long a token in use is kept: less than the limit. */
const LEAD_MS = 9 * MINUTE_MS;
const VERSION = "tv_0" as TokenVersionId;

const policy: TokenPolicy = {
  ...{ accessLifeMs: 30 * MINUTE_MS, idleLifeMs: 60 * DAY_MS, absoluteLifeMs: "unknown" },
  rotation: { kind: "grace", seconds: 1800, anchor: "first-use", depth: "any", retry: "sibling", closesWhen: "never" },
  ...{ oldAccessToken: "survives", earlyRefresh: "allowed", repeatsDocumented: true },
};

function timingOf(more: Partial<TokenPolicy> = {}): Timing {
  const verdict = timing({ ...policy, ...more }, DEFAULT_LIMITS);
  return verdict.kind === "possible" ? verdict.timing : expect.unreachable(verdict.reasons.join(" "));
}

const access: AccessFacts = {
  ...{ version: VERSION, receivedAtMs: START_MS, expiresAtMs: START_MS + 30 * MINUTE_MS, scope: null },
};

const chain = (more: Partial<Chain> = {}): Chain => ({
  ...firstChain("ch_1" as ChainId, { renewal: "refresh-token", version: VERSION, access, atMs: START_MS, jitter: 0 }),
  ...more,
});

function plan(its: Chain, warm: readonly WarmHours[], nowMs: number) {
  const who = { lease: NO_LEASE, node: "nd_1" as NodeId, owner: "lo_1" as LeaseOwner };
  return planStep(
    { kind: "live", chain: its },
    { ...who, nowMs, leaseNowMs: nowMs, usedAtMs: null, waitedForMs: null, massRefusal: false, warm },
    timingOf(),
  );
}

const nightly: WarmHours = { kind: "cron", cron: "0 2 * * *", zone: "UTC" };
const twoMs = Date.parse("2026-11-28T02:00:00Z");

describe("a grant with warm hours", () => {
  it("rests until ahead of them, though nobody uses it, and is renewed then", () => {
    expect(plan(chain(), [nightly], START_MS)).toEqual({
      ...{ kind: "rest", because: "not-due", untilMs: twoMs - LEAD_MS },
    });
    expect(plan(chain(), [nightly], twoMs - LEAD_MS)).toMatchObject({
      kind: "spend",
      because: "warm",
    });
    expect(plan(chain(), [], twoMs)).toMatchObject({ kind: "rest", untilMs: START_MS + 7 * DAY_MS });
  });

  it("is not renewed again where the token in hand lasts for them", () => {
    const renewedAtMs = twoMs - LEAD_MS;
    const facts = { ...access, receivedAtMs: renewedAtMs, expiresAtMs: renewedAtMs + 30 * MINUTE_MS };
    expect(plan(chain({ renewedAtMs, access: facts }), [nightly], renewedAtMs)).toMatchObject({
      ...{ kind: "rest", untilMs: twoMs + DAY_MS - LEAD_MS },
    });
  });

  it("is spread over the time before them, by the jitter of its chain", () => {
    const step = plan(chain({ jitter: 0.5 }), [nightly], START_MS);
    expect(step).toMatchObject({ untilMs: twoMs - 0.75 * LEAD_MS });
  });

  it("takes the soonest of several, and with always among them is kept hot", () => {
    const noon: WarmHours = { kind: "cron", cron: "0 13 * * *", zone: "UTC" };
    expect(plan(chain(), [nightly, noon], START_MS)).toMatchObject({ untilMs: START_MS + 51 * MINUTE_MS });
    expect(plan(chain(), [nightly, { kind: "always" }], START_MS + 20 * MINUTE_MS)).toMatchObject({
      ...{ kind: "spend", because: "hot" },
    });
  });

  it("is not spent sooner where its head is suspect: that is confirmed in its own time", () => {
    const { renewal } = chain();
    if (renewal.kind !== "refresh-token") return expect.unreachable();
    const suspect = { parentFirstSentAtMs: START_MS - 1, parentLastSentAtMs: START_MS };
    const soon: WarmHours = { kind: "cron", cron: "*/25 * * * *", zone: "UTC" };
    const from = timingOf().confirm?.fromMs ?? 0;
    expect(plan(chain({ renewal: { ...renewal, suspect } }), [soon], START_MS)).toMatchObject({
      untilMs: START_MS + from,
    });
  });

  it("is asked for also where it is a Custom Connection, which else is only looked at once a day", () => {
    const custom = chain({ renewal: { kind: "client-credentials" } });
    expect(plan(custom, [], twoMs - MINUTE_MS)).toMatchObject({ kind: "rest", because: "not-due" });
    expect(plan(custom, [nightly], twoMs - MINUTE_MS)).toEqual({ kind: "request", because: "warm" });
  });
});
