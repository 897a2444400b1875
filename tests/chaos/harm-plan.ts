import type { Point } from "@evergrant/keeper";
import { POINTS } from "@evergrant/keeper";
import type { FaultPlan } from "@evergrant/sandbox";

export type StoreKind = "postgres" | "sqlite";

/** What befalls a process, or its way to the store. */
export type ProcessHarm =
  | { readonly kind: "kill"; readonly node: number }
  /** Killed now, and once more inside a named point of a refresh after its restart. */
  | { readonly kind: "kill-at-point"; readonly node: number; readonly point: Point; readonly nth: number }
  | { readonly kind: "freeze"; readonly node: number; readonly forMs: number }
  | { readonly kind: "partition"; readonly node: number; readonly forMs: number; readonly thenCut: boolean }
  | { readonly kind: "store-restart"; readonly forMs: number };

/** What befalls one token request between a node and the provider. */
export type WireHarm =
  | { readonly kind: "lose-request" }
  | { readonly kind: "lose-answer" }
  | { readonly kind: "halve-answer" }
  | { readonly kind: "delay-request"; readonly ms: number }
  | { readonly kind: "delay-answer"; readonly ms: number };

/** What befalls token requests: on the wire, or at the provider itself. */
export type RequestHarm =
  | { readonly kind: "wire"; readonly harms: readonly WireHarm[] }
  | { readonly kind: "cut-all" }
  | { readonly kind: "provider"; readonly fault: Omit<FaultPlan, "endpoint" | "grantType"> };

/** A harm, and how long it is calm before it. */
export interface Planned<H> {
  readonly calmMs: number;
  readonly harm: H;
}

export interface HarmPlan {
  /** One after the other, each ended before the next. */
  readonly processes: Iterator<Planned<ProcessHarm>, never>;
  /** Beside them. */
  readonly requests: Iterator<Planned<RequestHarm>, never>;
}

type Random = () => number;

/** The endless plan of a seed. The same seed gives the same harms in the same order; when they strike is up to real time. */
export function harmPlan(seed: number, { store, nodes }: { store: StoreKind; nodes: number }): HarmPlan {
  return {
    processes: processHarms(randomOf(seed), { store, nodes }),
    requests: requestHarms(randomOf(seed ^ 0x9e3779b9)),
  };
}

// What the policy promises to survive is bounded: an attempt whose node dies costs its lease of 3 s, and a token may be repeated for 8 s
// after its first use. So one process is harmed at a time, and there is time for a takeover between two harms; with one node, whose
// restarts are outages, for a little more.
const CALM_MS = { postgres: [3_000, 5_000], sqlite: [5_000, 8_000] } as const;

function* processHarms(
  random: Random,
  { store, nodes }: { store: StoreKind; nodes: number },
): Generator<Planned<ProcessHarm>, never> {
  const kinds = ["kill", "kill-at-point", "kill-at-point", "freeze", "partition", "store-restart"] as const;
  const possible = store === "postgres" ? kinds : kinds.slice(0, 4);
  const [least, most] = CALM_MS[store];
  for (;;) {
    const kind = pick(random, possible);
    yield { calmMs: between(random, least, most), harm: processHarm(random, kind, between(random, 0, nodes - 1)) };
  }
}

function processHarm(random: Random, kind: ProcessHarm["kind"], node: number): ProcessHarm {
  switch (kind) {
    case "kill":
      return { kind, node };
    case "kill-at-point":
      return { kind, node, point: pick(random, POINTS), nth: between(random, 1, 2) };
    case "freeze":
      // Up to the longest pause that the policy tolerates.
      return { kind, node, forMs: between(random, 200, 1_500) };
    case "partition":
      return { kind, node, forMs: between(random, 300, 2_500), thenCut: random() < 0.5 };
    case "store-restart":
      return { kind, forMs: between(random, 50, 800) };
  }
}

function* requestHarms(random: Random): Generator<Planned<RequestHarm>, never> {
  for (;;) {
    const calmMs = between(random, 1_000, 3_000);
    const roll = random();
    if (roll < 0.1) yield { calmMs, harm: { kind: "cut-all" } };
    else if (roll < 0.55)
      yield {
        calmMs,
        harm: { kind: "wire", harms: Array.from({ length: between(random, 1, 2) }, () => wire(random)) },
      };
    else yield { calmMs, harm: { kind: "provider", fault: providerFault(random) } };
  }
}

function wire(random: Random): WireHarm {
  return pick<WireHarm>(random, [
    { kind: "lose-request" },
    { kind: "lose-answer" },
    { kind: "halve-answer" },
    // A request arrives at most as late as the policy reckons with; an answer may take any time.
    { kind: "delay-request", ms: between(random, 50, 500) },
    { kind: "delay-answer", ms: between(random, 100, 1_500) },
  ]);
}

function providerFault(random: Random): Omit<FaultPlan, "endpoint" | "grantType"> {
  return pick(random, [
    { point: "after-commit-before-headers", action: { kind: "drop" }, times: between(random, 1, 2) },
    { point: "before-commit", action: { kind: "drop" } },
    { point: "mid-body", action: { kind: "drop" } },
    { point: "before-commit", action: { kind: "html", status: 502 }, times: between(random, 1, 2) },
    { point: "after-commit-before-headers", action: { kind: "html", status: 502 } },
    { point: "before-commit", action: { kind: "stall", ms: between(random, 100, 900) } },
    { point: "after-commit-before-headers", action: { kind: "stall", ms: between(random, 300, 1_500) } },
    { point: "before-commit", action: { kind: "status", status: 429, retryAfterSeconds: 1 } },
  ] as const);
}

function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new Error("nothing to pick from");
  return picked;
}

function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

// mulberry32, public domain: small, and enough to choose harms.
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
