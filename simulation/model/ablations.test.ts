import { describe, expect, test } from "vitest";
import { ABLATIONS, type AblationName } from "./ablations.ts";
import { check } from "./check.ts";
import { FAULT_PAIRS, type FaultName, type FaultPairName, SINGLE_FAULTS } from "./faults.ts";
import type { InvariantName, Plan } from "./plan.ts";
import { MODES_WITH_GRACE, PROVIDER_MODES, type ProviderModeName } from "./provider-mode.ts";
import { plansOf } from "./table.ts";
import { ticksOf } from "./ticks.ts";

const ticks = ticksOf(6);
const FAULTS = { ...SINGLE_FAULTS, ...FAULT_PAIRS };
const I1: InvariantName = "I1 no false death";
const I2: InvariantName = "I2 durable knowledge";
const I3: InvariantName = "I3 monotone head";
const ALL: readonly ProviderModeName[] = MODES_WITH_GRACE.map((mode) => mode.name);
const REPLACING: readonly ProviderModeName[] = ["supersede", "closing-grace"];
const HARSHEST: readonly ProviderModeName[] = ["closing-grace"];
const REFUSING: readonly ProviderModeName[] = ["same", "sibling", "supersede", "successor-used"];

interface Loss {
  readonly removed: AblationName;
  readonly modes: readonly ProviderModeName[];
  readonly fault: FaultName | FaultPairName;
  readonly refreshes?: number;
  readonly invariant: InvariantName;
  /** The length of the shortest history that breaks it. */
  readonly steps: number;
}

const LOSSES: readonly Loss[] = [
  { removed: "intent", modes: ALL, fault: "lost response", invariant: I2, steps: 10 },
  { removed: "compare-and-set", modes: ALL, fault: "lost acknowledgement", refreshes: 2, invariant: I3, steps: 11 },
  { removed: "lease", modes: REPLACING, fault: "lost response + outage", invariant: I2, steps: 15 },
  { removed: "previous kept", modes: REPLACING, fault: "crash + lease lost", invariant: I2, steps: 10 },
  { removed: "candidates", modes: REPLACING, fault: "crash + outage", invariant: I2, steps: 26 },
  { removed: "candidates", modes: REPLACING, fault: "lease lost in a pause", invariant: I2, steps: 19 },
  { removed: "journal", modes: ALL, fault: "crash + outage", invariant: I2, steps: 12 },
  { removed: "local intent", modes: ALL, fault: "crash + outage", invariant: I2, steps: 12 },
  { removed: "drain", modes: REPLACING, fault: "crash + outage", invariant: I2, steps: 17 },
  { removed: "later owed + confirm", modes: REPLACING, fault: "timeout + lease lost", invariant: I2, steps: 17 },
  { removed: "confirm", modes: HARSHEST, fault: "pause in send", refreshes: 2, invariant: I2, steps: 21 },
  { removed: "late confirm", modes: HARSHEST, fault: "pause in send", invariant: I2, steps: 21 },
  { removed: "past-grace hold", modes: REFUSING, fault: "crash + outage", invariant: I1, steps: 19 },
  { removed: "past-grace hold", modes: HARSHEST, fault: "crash + outage", invariant: I2, steps: 18 },
  { removed: "local retry within lease", modes: HARSHEST, fault: "crash + outage", invariant: I2, steps: 22 },
  {
    removed: "local retry within lease",
    modes: ["supersede"],
    fault: "lost response + outage",
    invariant: I1,
    steps: 29,
  },
  {
    removed: "later owed + replay through lease",
    modes: REPLACING,
    fault: "crash + lost response",
    invariant: I2,
    steps: 20,
  },
  {
    removed: "replay through lease + send check + confirm",
    modes: HARSHEST,
    fault: "crash",
    refreshes: 2,
    invariant: I2,
    steps: 19,
  },
];

describe("an ingredient left out loses the grant", () => {
  const cases = LOSSES.flatMap((loss) => loss.modes.map((mode) => [loss.removed, mode, loss.fault, loss] as const));

  test.each(cases)("without %s, mode %s, under %s", (_removed, mode, _fault, loss) => {
    const verdict = check(planOf(loss, mode));
    expect(verdict).toMatchObject({ kind: "violated", invariant: loss.invariant });
    expect(verdict.kind === "violated" && verdict.steps).toHaveLength(loss.steps);
  });

  test.each(ALL)("without the chain in the comparison a sealed chain comes back, mode %s", (mode) => {
    const loss: Loss = { removed: "chain in the comparison", modes: ALL, fault: "none", invariant: I2, steps: 0 };
    const verdict = check({ ...planOf(loss, mode), reconsents: 1 });
    expect(verdict).toMatchObject({ kind: "violated", invariant: "I16 no cross-chain revival" });
  });
});

const CLEAN: readonly (readonly [AblationName, readonly ProviderModeName[]])[] = [
  ["lease", ["same", "sibling", "successor-used"]],
  ["previous kept", ["same", "sibling", "successor-used"]],
  ["candidates", ["same", "sibling", "successor-used"]],
  ["drain", ["same", "sibling", "successor-used"]],
  ["later owed", ALL],
  ["confirm", ["same", "sibling", "successor-used"]],
  ["late confirm", REFUSING],
  ["past-grace hold for all but the last attempter", ALL],
  ["local retry within lease", ["same", "sibling", "successor-used"]],
  ["replay through lease", ALL],
  ["re-read", ALL],
  ["send check", ALL],
];

describe("an ingredient that another one covers is missed by nobody", () => {
  const cases = CLEAN.flatMap(([removed, modes]) => modes.map((mode) => [removed, mode] as const));

  test.each(cases)("without %s, mode %s: no violation within the bound", (removed, mode) => {
    const bounds = { ticks, refreshes: 1, maxStates: 8_000 };
    for (const { fault, plan } of plansOf(removed, PROVIDER_MODES[mode], bounds)) {
      const verdict = check(plan);
      expect(verdict.kind, `${fault}: ${verdict.kind === "violated" ? verdict.steps.join("\n") : ""}`).not.toBe(
        "violated",
      );
    }
  });
});

describe("the usual design (take a lock, refresh, UPDATE the row) loses the grant", () => {
  const losses: readonly (readonly [FaultName, number, InvariantName, number])[] = [
    ["lost response", 10, I2, 1],
    ["crash", 12, I2, 1],
    ["timeout", 11, I2, 1],
    ["lost acknowledgement", 9, I3, 2],
  ];
  const cases = losses.flatMap(([fault, steps, invariant, refreshes]) => {
    const loss: Loss = { removed: "lock, refresh, UPDATE", modes: ALL, fault, refreshes, invariant, steps };
    return ALL.map((mode) => [fault, mode, steps, loss] as const);
  });

  test.each(cases)("after one %s, mode %s, in %i steps", (_fault, mode, steps, loss) => {
    const verdict = check(planOf(loss, mode));
    expect(verdict).toMatchObject({ kind: "violated", invariant: loss.invariant });
    expect(verdict.kind === "violated" && verdict.steps).toHaveLength(steps);
  });

  test.each(REPLACING)("after a mere pause, mode %s", (mode) => {
    const loss: Loss = {
      removed: "lock, refresh, UPDATE",
      modes: ALL,
      fault: "lease lost in a pause",
      refreshes: 2,
      invariant: I2,
      steps: 9,
    };
    const verdict = check(planOf(loss, mode));
    expect(verdict.kind === "violated" && verdict.steps).toHaveLength(9);
  });

  test.each(ALL)("but not when nothing goes wrong, mode %s", (mode) => {
    const loss: Loss = { removed: "lock, refresh, UPDATE", modes: ALL, fault: "none", invariant: I2, steps: 0 };
    expect(check(planOf(loss, mode))).toMatchObject({ kind: "exhausted" });
  });
});

function planOf({ removed, fault, refreshes = 1 }: Loss, mode: ProviderModeName): Plan {
  return {
    mode: PROVIDER_MODES[mode],
    protocol: ABLATIONS[removed],
    ticks,
    faults: FAULTS[fault](ticks),
    refreshes,
    reconsents: 0,
    secondConsent: "keeps-first",
    maxStates: 300_000,
  };
}
