import { describe, expect, it } from "vitest";
import { silentAfter, standsBackMs } from "./silence.ts";
import { DEFAULT_LIMITS as LIMITS } from "./timing.ts";

const backMs = (outcome: Parameters<typeof silentAfter>[0]["outcome"], laterMs = 0) =>
  standsBackMs(silentAfter({ outcome, nowMs: 1_000 }), 1_000 + laterMs, LIMITS);

describe("a node that gets no answer", () => {
  it.each(["ambiguous", "not-executed"] as const)(
    "stands back as far as clocks may differ and others look: %s",
    (outcome) => {
      expect(backMs(outcome)).toBe(LIMITS.clockSkewMs + LIMITS.marginMs);
    },
  );

  it.each(["success", "rejected", "inactive", "app-error"] as const)("is heard again: %s", (outcome) => {
    expect(backMs(outcome)).toBe(0);
  });

  it("tries its way again when all that it owed has been due to others", () => {
    const longMs = 2 * (LIMITS.leaseMs + LIMITS.retryMaxMs);
    expect([backMs("ambiguous", longMs - 1), backMs("ambiguous", longMs)]).toEqual([15_000, 0]);
  });

  it("has not stood back before its first request", () => {
    expect(standsBackMs(null, 1_000, LIMITS)).toBe(0);
  });
});
