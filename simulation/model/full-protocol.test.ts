import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import { FAULT_PAIRS, type Faults, NO_FAULTS, SINGLE_FAULTS } from "./faults.ts";
import type { Laws, Plan } from "./plan.ts";
import { FULL_PROTOCOL } from "./protocol.ts";
import { MODES_WITH_GRACE, PROVIDER_MODES } from "./provider-mode.ts";
import { type Ticks, ticksOf } from "./ticks.ts";

const ticks = ticksOf(6);
const ONCE: Omit<Plan, "mode" | "faults"> = {
  protocol: FULL_PROTOCOL,
  ticks,
  refreshes: 1,
  reconsents: 0,
  secondConsent: "keeps-first",
  maxStates: 1_000_000,
};

type NamedFaults = readonly [string, (ticks: Ticks) => Faults];
const SINGLES: readonly NamedFaults[] = Object.entries(SINGLE_FAULTS);
const PAIRS: readonly NamedFaults[] = Object.entries(FAULT_PAIRS);

describe.each(MODES_WITH_GRACE.map((mode) => [mode.name, mode] as const))(
  "with a provider of mode %s",
  (_name, mode) => {
    test.each(SINGLES)("one refresh, %s: every reachable state keeps the invariants", (_fault, faults) => {
      expect(check({ ...ONCE, mode, faults: faults(ticks) })).toMatchObject({ kind: "exhausted" });
    });

    test.each(PAIRS)("one refresh, %s: every reachable state keeps the invariants", (_fault, faults) => {
      expect(check({ ...ONCE, mode, faults: faults(ticks) })).toMatchObject({ kind: "exhausted" });
    });

    test.each(SINGLES)("two refreshes, %s: no violation within the bound", (_fault, faults) => {
      const verdict = check({ ...ONCE, mode, faults: faults(ticks), refreshes: 2, maxStates: 25_000 });
      expect(verdict.kind, told(verdict)).not.toBe("violated");
    });
  },
);

describe("with a finer clock", () => {
  test.each(SINGLES)("%s: no violation within the bound in the harshest mode", (_fault, faults) => {
    const finer = ticksOf(8);
    const mode = PROVIDER_MODES["closing-grace"];
    const verdict = check({ ...ONCE, ticks: finer, mode, faults: faults(finer), maxStates: 25_000 });
    expect(verdict.kind, told(verdict)).not.toBe("violated");
  });
});

describe("when the person consents again in the middle of things", () => {
  const cases = MODES_WITH_GRACE.flatMap((mode) =>
    (["keeps-first", "ends-first"] as const).map((secondConsent) => [mode.name, secondConsent, mode] as const),
  );

  test.each(cases)("%s, second consent %s: no token of the sealed chain comes back", (_name, secondConsent, mode) => {
    const faults = { ...NO_FAULTS, crash: 1, lostAcknowledgement: 1 };
    const verdict = check({ ...ONCE, mode, secondConsent, faults, reconsents: 1, maxStates: 25_000 });
    expect(verdict.kind, told(verdict)).not.toBe("violated");
  });
});

describe("with a provider that has no grace at all", () => {
  const mode = PROVIDER_MODES.strict;

  test.each(["none", "lost acknowledgement", "outage beyond the grace"] as const)("%s loses nothing", (fault) => {
    expect(check({ ...ONCE, mode, faults: SINGLE_FAULTS[fault](ticks) })).toMatchObject({ kind: "exhausted" });
  });

  test.each(["lost response", "crash", "timeout", "lease lost in a pause", "pause in send"] as const)(
    "%s loses the grant, which nobody can prevent",
    (fault) => {
      const verdict = check({ ...ONCE, mode, faults: SINGLE_FAULTS[fault](ticks) });
      expect(verdict).toMatchObject({ kind: "violated", invariant: "I2 durable knowledge" });
    },
  );
});

describe("beyond what is promised the model says so", () => {
  test("a node that dies with an unread answer and stays away as long as the store loses the grant", () => {
    const laws: Laws = { ...ONCE, mode: PROVIDER_MODES.same };
    const faults = { ...FAULT_PAIRS["crash + outage"](ticks), downTicks: ticks.grace + 3 };
    expect(check({ ...ONCE, ...laws, faults })).toMatchObject({ kind: "violated", invariant: "I2 durable knowledge" });
  });
});

function told(verdict: ReturnType<typeof check>): string {
  return verdict.kind === "violated" ? `${verdict.invariant}:\n${verdict.steps.join("\n")}` : verdict.kind;
}
