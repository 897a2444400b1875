import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { freshness, promisedMs } from "./freshness.ts";
import { type AccessFacts, firstChain } from "./grant.ts";
import type { ChainId, TokenVersionId } from "./ids.ts";
import { dueAtMs } from "./plan.ts";
import { DEFAULT_LIMITS, type Timing, type TokenPolicy, timing } from "./timing.ts";

const MINUTE_MS = 60_000;
const LIFE_MS = 30 * MINUTE_MS;

function timingOf(oldAccessToken: TokenPolicy["oldAccessToken"]): Timing {
  const verdict = timing(
    {
      ...{ accessLifeMs: LIFE_MS, idleLifeMs: "unlimited", absoluteLifeMs: "none", rotation: { kind: "strict" } },
      ...{ oldAccessToken, earlyRefresh: "allowed", repeatsDocumented: false },
    },
    DEFAULT_LIMITS,
  );
  return verdict.kind === "possible" ? verdict.timing : expect.unreachable(verdict.reasons.join(" "));
}

const access = (receivedAtMs = 0): AccessFacts => ({
  ...{ version: "tv_0" as TokenVersionId, receivedAtMs, expiresAtMs: receivedAtMs + LIFE_MS, scope: null },
});
const dying = timingOf("dies");
const promised = (nowMs: number, confirmFromMs: number | null = null) =>
  promisedMs({ access: access(), confirmFromMs }, nowMs, dying);

describe("where a refresh kills the access token before it", () => {
  it("is promised until the next refresh may come, whatever it would live", () => {
    expect(promised(0)).toBe(18 * MINUTE_MS);
    expect(promised(17 * MINUTE_MS)).toBe(MINUTE_MS);
    expect(promisedMs({ access: access(), confirmFromMs: null }, 0, timingOf("survives"))).toBe(
      LIFE_MS - DEFAULT_LIMITS.clockSkewMs,
    );
    expect(promisedMs({ access: access(), confirmFromMs: null }, 0, timingOf("unknown"))).toBe(
      LIFE_MS - DEFAULT_LIMITS.clockSkewMs,
    );
  });

  it("is promised for less where its head is suspect and refreshed sooner", () => {
    expect(promised(0, 14 * MINUTE_MS)).toBe(14 * MINUTE_MS);
    expect(promised(0, 25 * MINUTE_MS)).toBe(18 * MINUTE_MS);
  });

  it("is promised from one try to the next where the refresh did not come about, and never beyond its end", () => {
    expect(promised(19 * MINUTE_MS)).toBe(DEFAULT_LIMITS.retryFirstMs);
    expect(promised(LIFE_MS - DEFAULT_LIMITS.clockSkewMs - 1_000)).toBe(1_000);
  });

  it("brings no wish for a longer life a refresh before its time", () => {
    const ask = (nowMs: number, minTtlMs: number) => freshness(access(), { nowMs, minTtlMs }, dying);
    expect(ask(17 * MINUTE_MS, 60 * MINUTE_MS)).toBe("fresh");
    expect(ask(18 * MINUTE_MS, 0)).toBe("stale");
    expect(ask(LIFE_MS, 0)).toBe("expired");
  });

  test("I7 right token: no refresh by schedule or by a caller comes within what was promised", () => {
    const moment = fc.integer({ min: 0, max: LIFE_MS });
    fc.assert(
      fc.property(
        moment,
        moment,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (handedMs, askedMs, jitter) => {
          const untilMs = handedMs + promised(handedMs);
          if (freshness(access(), { nowMs: handedMs, minTtlMs: 0 }, dying) !== "fresh") return;
          const held = {
            renewal: "refresh-token",
            version: "tv_0" as TokenVersionId,
            access: access(),
            atMs: 0,
            jitter,
          } as const;
          expect(dueAtMs(firstChain("ch" as ChainId, held), 0, dying).atMs).toBeGreaterThanOrEqual(untilMs);
          const asked = freshness(access(), { nowMs: askedMs, minTtlMs: LIFE_MS }, dying);
          if (askedMs < untilMs) expect(asked).toBe("fresh");
        },
      ),
    );
  });
});
