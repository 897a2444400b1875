import type { Point, PointSubject } from "@evergrant/keeper";
import { POINTS } from "@evergrant/keeper";
import type { FaultPlan } from "@evergrant/sandbox";

export type StoreKind = "postgres" | "sqlite";

/** `calm`: one process is harmed at a time. `harsh`: every node has harms of its own, and so has the store. */
export type Pace = "calm" | "harsh";

/** What befalls a process, its way to the store, or the store. */
export type ProcessHarm =
  | { readonly kind: "kill"; readonly node: number }
  /** Killed now, and once more inside a named point after its restart. */
  | {
      readonly kind: "kill-at-point";
      readonly node: number;
      readonly point: Point;
      readonly subject: Exclude<PointSubject, "code">;
      readonly nth: number;
    }
  /** A person consents, and the node dies inside the exchange of the code. */
  | { readonly kind: "kill-at-code"; readonly point: Point }
  | { readonly kind: "freeze"; readonly node: number; readonly forMs: number }
  /** The machine's clock is set wrong, and later right again; a process that starts meanwhile finds it right. */
  | { readonly kind: "clock-leap"; readonly node: number; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "partition"; readonly node: number; readonly forMs: number; readonly thenCut: boolean }
  /** One node's own way to the provider, while the others get through. */
  | {
      readonly kind: "way-cut";
      readonly node: number;
      readonly how: "lose-request" | "lose-answer";
      readonly forMs: number;
    }
  | { readonly kind: "store-restart"; readonly forMs: number }
  /** The database's own clock is set back, and later right again. */
  | { readonly kind: "store-clock-leap"; readonly byMs: number; readonly forMs: number }
  /** The primary is killed and its standby promoted; the old primary may come back as it was before it becomes the standby. */
  | { readonly kind: "fail-over"; readonly forMs: number; readonly oldBackForMs: number | null };

type ProcessHarmKind = ProcessHarm["kind"];
export type HarmCounts = Readonly<Partial<Record<ProcessHarmKind | RequestHarm["kind"], number>>>;

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
  /** Side by side; within each, one after the other, each ended before the next. */
  readonly processes: readonly Iterator<Planned<ProcessHarm>, never>[];
  /** Beside them. */
  readonly requests: Iterator<Planned<RequestHarm>, never>;
}

export interface HarmPlanOptions {
  readonly store: StoreKind;
  readonly nodes: number;
  readonly pace: Pace;
}

type Random = () => number;

/** The endless plan of a seed. The same seed gives the same harms in the same order; when they strike is up to real time. */
export function harmPlan(seed: number, options: HarmPlanOptions): HarmPlan {
  return {
    processes: streamsOf(options).map((stream, index) => processHarms(randomOf(seed + index * 7_919), stream)),
    requests: requestHarms(randomOf(seed ^ 0x9e3779b9)),
  };
}

/** Harms of these kinds to these nodes, with this much calm before each. */
interface Stream {
  readonly kinds: readonly ProcessHarmKind[];
  readonly nodes: readonly number[];
  readonly calmMs: readonly [number, number];
}

const TO_NODES = ["kill", "kill-at-point", "kill-at-point", "freeze", "clock-leap"] as const;
const TO_STORE = ["store-restart", "fail-over", "fail-over"] as const;
/** Not where others are harmed beside it: a node does not start while the clocks differ. */
const TO_STORE_ALONE = [...TO_STORE, "store-clock-leap"] as const;

/** A few seconds, as many as a token lives, and a time zone. */
const LEAPS_MS = [-7_200_000, -8_000, -3_000, 3_000, 8_000, 7_200_000] as const;

/** Further than clocks may differ, as long as a token lives, and a time zone. */
const STORE_LEAPS_MS = [-3_000, -10_000, -7_200_000] as const;

function streamsOf({ store, nodes, pace }: HarmPlanOptions): readonly Stream[] {
  const all = Array.from({ length: nodes }, (_, node) => node);
  const shared = store === "postgres";
  const toNodes: readonly ProcessHarmKind[] = shared ? [...TO_NODES, "partition", "way-cut"] : TO_NODES;
  switch (pace) {
    case "calm":
      return [
        { kinds: [...toNodes, "kill-at-code", ...(shared ? TO_STORE_ALONE : [])], nodes: all, calmMs: [500, 2_000] },
      ];
    case "harsh":
      return [
        ...all.map((node) => ({ kinds: toNodes, nodes: [node], calmMs: [1_500, 4_000] as const })),
        ...(shared ? [{ kinds: TO_STORE, nodes: all, calmMs: [5_000, 9_000] as const }] : []),
      ];
  }
}

function* processHarms(random: Random, { kinds, nodes, calmMs }: Stream): Generator<Planned<ProcessHarm>, never> {
  const [least, most] = calmMs;
  for (;;) {
    const kind = pick(random, kinds);
    yield { calmMs: between(random, least, most), harm: processHarm(random, kind, pick(random, nodes)) };
  }
}

function processHarm(random: Random, kind: ProcessHarmKind, node: number): ProcessHarm {
  switch (kind) {
    case "kill":
      return { kind, node };
    case "kill-at-point": {
      const subject = random() < 0.8 ? "refresh" : "client-credentials";
      return { kind, node, point: pick(random, POINTS), subject, nth: between(random, 1, 2) };
    }
    case "kill-at-code":
      return { kind, point: pick(random, POINTS) };
    case "freeze":
      // Up to the longest pause that the policy tolerates.
      return { kind, node, forMs: between(random, 200, 1_500) };
    case "clock-leap":
      return { kind, node, byMs: pick(random, LEAPS_MS), forMs: between(random, 300, 6_000) };
    case "partition":
      return { kind, node, forMs: between(random, 300, 2_500), thenCut: random() < 0.5 };
    case "way-cut":
      // Also longer than the grace of the policy.
      return { kind, node, how: pick(random, ["lose-request", "lose-answer"]), forMs: between(random, 500, 12_000) };
    case "store-restart":
      return { kind, forMs: between(random, 50, 800) };
    case "store-clock-leap":
      return { kind, byMs: pick(random, STORE_LEAPS_MS), forMs: between(random, 500, 6_000) };
    case "fail-over":
      return {
        kind,
        forMs: between(random, 50, 1_000),
        oldBackForMs: random() < 0.5 ? between(random, 500, 3_000) : null,
      };
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
