import { describe, expect, it } from "vitest";
import { type HeldToken, remainingMs, standing } from "./held-token.ts";
import { Secret } from "./secret.ts";
import type { Time } from "./time.ts";

const held: HeldToken = {
  ...{ accessToken: new Secret("x"), scope: "", tenants: [] },
  ...{ expiresAtWallMs: 1_001_000, expiresAtMonotonicMs: 1_000, renewAtMonotonicMs: 600 },
};
const at = (wallMs: number, monotonicMs: number): Time => ({
  ...{ wallMs: () => wallMs, monotonicMs: () => monotonicMs },
  setTimer: () => ({ cancel: () => {} }),
});

describe("a held token", () => {
  it.each([
    ["fresh", 1_000_000, 0, 1_000],
    ["stale", 1_000_600, 600, 400],
    ["short", 1_000_950, 950, 50],
    ["expired", 1_001_000, 1_000, 0],
  ] as const)("is %s at %i, %i", (expected, wallMs, monotonicMs, leftMs) => {
    expect(standing(held, 100, at(wallMs, monotonicMs))).toBe(expected);
    expect(remainingMs(held, at(wallMs, monotonicMs))).toBe(leftMs);
  });

  it("lives no longer for a wall clock that is put back, nor for a machine that slept", () => {
    expect(remainingMs(held, at(500_000, 900))).toBe(100);
    expect(standing(held, 0, at(500_000, 1_000))).toBe("expired");
    expect(standing(held, 0, at(1_001_000, 10))).toBe("expired");
  });
});
