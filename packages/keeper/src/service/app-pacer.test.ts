import { type AppId, DEFAULT_LIMITS, type GrantId } from "@evergrant/core";
import { expect, test } from "vitest";
import { movableTime } from "../testing/contract/store-world.ts";
import { AppPacer } from "./app-pacer.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { ServiceContext } from "./service-context.ts";

const APP = "ap_1" as AppId;

test("I15 stampede: of two thousand cold grants that are asked for at once, each comes back for its turn once, and the rest is sent away", () => {
  const time = movableTime();
  const connections = { grantsOf: () => 2_000 } as unknown as ConnectionDirectory;
  const pacer = new AppPacer({ limits: DEFAULT_LIMITS, time } as unknown as ServiceContext, connections);
  const beganMs = time.wallMs();
  const waiting = Array.from({ length: 2_000 }, (_, index) => ({ grant: `gr_${index}` as GrantId, atMs: beganMs }));
  let looks = 0;
  let admitted = 0;
  for (;;) {
    const next = waiting.sort((a, b) => a.atMs - b.atMs).shift();
    if (next === undefined) break;
    time.advance(Math.max(0, next.atMs - time.wallMs()));
    looks += 1;
    const rest = pacer.admit(APP, { grant: next.grant, because: "demand" });
    if (rest === null) {
      admitted += 1;
      pacer.ended(APP, next.grant, "success");
    } else if (rest.untilMs - beganMs <= DEFAULT_LIMITS.callerWaitMs) waiting.push({ ...next, atMs: rest.untilMs });
  }
  const { requestBurst, recoveryReserveShare, requestsPerSecond, callerWaitMs } = DEFAULT_LIMITS;
  const possible = requestBurst * (1 - recoveryReserveShare) + (requestsPerSecond * callerWaitMs) / 1_000;
  expect(admitted).toBeGreaterThan(0.95 * possible);
  expect(admitted).toBeLessThanOrEqual(possible);
  expect(looks).toBeLessThan(2_000 + 1.1 * admitted);
});
