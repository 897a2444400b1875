import { describe, expect, test } from "vitest";
import { type ChaosReport, chaos } from "./chaos/chaos.ts";

// The short form of `npm run chaos`; the seeds are chosen for what comes first in their plans.
describe("real processes under random harm", () => {
  test("three nodes over a primary and its standby, its clock set back, then a fail-over and the old primary back: nothing is lost", async () => {
    const report = await chaosOf("postgres", 4227);
    expect(report, told.join("\n")).toMatchObject(NOTHING_LOST);
    expect(report.harms).toMatchObject({ "store-clock-leap": expect.any(Number), "fail-over": expect.any(Number) });
    expect(report.rotations).toBeGreaterThanOrEqual(report.connections);
  });

  test("one node and one file, killed inside a refresh and inside the exchange of a code: nothing is lost", async () => {
    const report = await chaosOf("sqlite", 21);
    expect(report, told.join("\n")).toMatchObject(NOTHING_LOST);
    expect(report.kills).toBeGreaterThan(0);
    expect(report.rotations).toBeGreaterThanOrEqual(report.connections);
  });
});

const NOTHING_LOST = { lost: 0, beyondPromise: 0, wrongTokens: 0 };
let told: string[] = [];

async function chaosOf(store: ChaosReport["store"], seed: number): Promise<ChaosReport> {
  told = [];
  return await chaos({ store, seed, minutes: 0.12, people: 5, pace: "calm" }, (line) => told.push(line));
}
