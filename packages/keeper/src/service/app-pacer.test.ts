import { type AppId, DEFAULT_LIMITS, type GrantId } from "@evergrant/core";
import { expect, test } from "vitest";
import { movableTime } from "../testing/contract/store-world.ts";
import { AppPacer } from "./app-pacer.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { ServiceContext } from "./service-context.ts";

const APP = "ap_1" as AppId;
const COLD = 2_000;
const { requestBurst, recoveryReserveShare, requestsPerSecond, callerWaitMs } = DEFAULT_LIMITS;
/** What the app may send while callers wait. */
const POSSIBLE = requestBurst * (1 - recoveryReserveShare) + (requestsPerSecond * callerWaitMs) / 1_000;

/** All cold grants asked for at one instant; those of `isBrought` have a token of another node when their turn comes. */
function stampede(isBrought: (index: number) => boolean): { readonly admitted: number; readonly looks: number } {
  const time = movableTime();
  const connections = { grantsOf: () => COLD } as unknown as ConnectionDirectory;
  const chance = { draw: () => 0.5 };
  const pacer = new AppPacer({ limits: DEFAULT_LIMITS, time, chance } as unknown as ServiceContext, connections);
  const beganMs = time.wallMs();
  const waiting = Array.from({ length: COLD }, (_, index) => ({ index, atMs: beganMs }));
  const told = { admitted: 0, looks: 0 };
  for (;;) {
    const next = waiting.sort((a, b) => a.atMs - b.atMs).shift();
    if (next === undefined) return told;
    time.advance(Math.max(0, next.atMs - time.wallMs()));
    told.looks += 1;
    if (next.atMs > beganMs && isBrought(next.index)) continue;
    const grant = `gr_${next.index}` as GrantId;
    const rest = pacer.admit(APP, { grant, because: "demand" });
    if (rest === null) {
      told.admitted += 1;
      pacer.ended(APP, grant, "success");
    } else if (rest.untilMs - beganMs <= callerWaitMs) waiting.push({ ...next, atMs: rest.untilMs });
  }
}

test("I15 stampede: of two thousand cold grants that are asked for at once the app sends all it may, and each looks at the store a few times at most", () => {
  const { admitted, looks } = stampede(() => false);
  expect(admitted).toBeGreaterThan(0.95 * POSSIBLE);
  expect(admitted).toBeLessThanOrEqual(POSSIBLE);
  expect(looks).toBeLessThan(3 * COLD);
});

test("turns that nobody needs any more cost little: where every second token comes from another node, the app sends all it may", () => {
  expect(stampede((index) => index % 2 === 0).admitted).toBeGreaterThan(0.95 * POSSIBLE);
});
