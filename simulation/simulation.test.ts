import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runCells } from "./campaign/cells.ts";
import { swarm } from "./campaign/swarm.ts";
import { CELLS, Coverage, cellName } from "./coverage/cells.ts";
import { isKnown, type KnownFailure } from "./known-failures.ts";
import { runPeerPlan } from "./peer/compare.ts";
import { drawPlan } from "./plan/draw-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { runPlan } from "./run-plan.ts";
import { shrink } from "./shrink.ts";

/** The swarm of every test run; the long one is a command of its own. */
const SEEDS = 2_000;
const NODES = 3;
/** Two minutes on two free cores; machines are shared. */
const SWARM_TIMEOUT_MS = 40 * 60_000;

const known = JSON.parse(readFileSync(new URL("./known-failures.json", import.meta.url), "utf8")) as KnownFailure[];
/** Kept as plans, as what is drawn from a seed may change: what each showed is mended, and has a test of its own. */
const MENDED = JSON.parse(readFileSync(new URL("./mended-plans.json", import.meta.url), "utf8")) as Plan[];

describe("whole worlds from a seed", () => {
  test(
    `${SEEDS} seeds: no invariant is violated, and no grant is lost that anybody could have saved`,
    async () => {
      const { seeds, failures } = await swarm({ from: 1, seeds: SEEDS, nodes: NODES });
      expect(seeds).toBe(SEEDS);
      const told = failures
        .filter(({ plan }) => !isKnown(known, plan.seed))
        .map(({ plan, violations }) => `seed ${plan.seed}: ${violations[0]?.invariant} ${violations[0]?.what}`);
      expect(told).toEqual([]);
    },
    SWARM_TIMEOUT_MS,
  );

  test("every crash point is passed in every mode with every outcome, and all is well after it", async () => {
    const tally = await runCells([]);
    const coverage = new Coverage();
    coverage.take(tally.cells);
    expect(coverage.missing().map(cellName)).toEqual([]);
    expect(tally.failures.map(({ plan, violations }) => `${plan.mode} ${plan.seed}: ${violations[0]?.what}`)).toEqual(
      [],
    );
    expect(CELLS.length).toBeGreaterThan(300);
  });

  test.each([3, 7, 11, 33, 47])("the same seed is the same history, event by event: %i", async (seed) => {
    const plan = drawPlan(seed, { nodes: NODES });
    const first = await runPlan(plan);
    const second = await runPlan(JSON.parse(JSON.stringify(plan)));
    expect(second.historyHash).toBe(first.historyHash);
    expect(second.events).toBe(first.events);
    const { historyHash } = await runPlan({ ...plan, seed: seed + 1 });
    expect(historyHash).not.toBe(first.historyHash);
  });

  test.each(MENDED.map((plan) => [plan.seed, plan] as const))(
    "a plan that failed once does so no more: %i",
    async (_seed, plan) => {
      const { violations, lostGrants } = await runPlan(plan);
      expect({ violations, lostGrants }).toEqual({ violations: [], lostGrants: 0 });
    },
  );

  test("a failing plan is made shorter: what has no part in its failure is gone", async () => {
    const busy = drawPlan(12, { nodes: NODES });
    const crash = { kind: "crash", atMs: 3_600_000, node: 0, downMs: 1_000, disk: "kept" } as const;
    const plan = { ...busy, rates: { ...busy.rates, "answer-lost": 0.1 }, faults: [...busy.faults, crash] };
    const shortest = await shrink(
      plan,
      async ({ faults, rates }) => faults.some(({ kind }) => kind === "crash") && rates["answer-lost"] !== undefined,
    );
    expect(shortest.faults.map(({ kind }) => kind)).toEqual(["crash"]);
    expect(shortest.rates).toEqual({ "answer-lost": 0.1 });
    expect(shortest).toMatchObject({ nodes: 1, connections: 1, hot: 1, seed: plan.seed });
  });
});

describe("the reference peer", () => {
  test("keeps every grant while nothing goes wrong", async () => {
    let rotations = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const plan = { ...drawPlan(seed, { nodes: NODES }), lives: "xero", rates: {}, faults: [] } as const;
      const result = await runPeerPlan(plan);
      expect(result.lostGrants).toBe(0);
      rotations += result.rotations;
    }
    expect(rotations).toBeGreaterThan(1_000);
  });

  test("loses grants where ours are kept", async () => {
    const plan = { ...drawPlan(1, { nodes: 1 }), mode: "supersede", lives: "xero", connections: 10, hot: 1 } as const;
    const lossy = { ...plan, chaosMs: 20 * 86_400_000, rates: { "answer-lost": 0.2 }, faults: [] } as const;
    expect((await runPeerPlan(lossy)).lostGrants).toBeGreaterThan(0);
    expect(await runPlan(lossy)).toMatchObject({ lostGrants: 0, violations: [] });
  });
});
