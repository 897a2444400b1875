import { POINTS } from "@evergrant/keeper/parts";
import { type Stream, stream } from "../world/chance.ts";
import { MODE_NAMES, MODES } from "../world/modes.ts";
import {
  type CrashPoint,
  type FaultKind,
  type LeapPoint,
  type PlacedFault,
  type Plan,
  RATE_NAMES,
  type RateName,
  type Rates,
} from "./plan.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const CRASH_POINTS: readonly CrashPoint[] = ["before-intent", ...POINTS, "replay"];

/** No process is away for longer than this: what is promised is promised for a restart within it. */
const AWAY_AT_MOST_MS = 20 * MINUTE_MS;
const PAUSED_AT_MOST_MS = 11 * MINUTE_MS;

export interface DrawOptions {
  readonly nodes: number;
}

/** A fault plan in the manner of a swarm: each seed a random subset of faults and rates, some none at all, some one kind only. */
export function drawPlan(seed: number, options: DrawOptions): Plan {
  const chance = stream(seed, "plan");
  const special = chance.draw();
  if (special < 0.015) return longOutage(seed, chance);
  if (special < 0.025) return blast(seed, chance);
  const mode = chance.pick(MODE_NAMES);
  const nodes = chance.between(1, options.nodes);
  const connections = chance.pick([2, 4, 8, 16]);
  const kinds = chosenKinds(chance);
  const lives = chance.happens(0.2) ? "short" : "xero";
  const chaosMs = chance.between(4, 24) * HOUR_MS;
  const faults = kinds.faults
    .flatMap((kind) => placed(kind, { chance, nodes, connections, chaosMs, count: chance.between(...kinds.times) }))
    .concat(waysCut(stream(seed, "ways"), { nodes, connections, chaosMs }))
    .concat(clocksLeapt(stream(seed, "leaps"), { nodes, connections, chaosMs }))
    .concat(storeClockSet(stream(seed, "store-clock"), { nodes, connections, chaosMs }))
    .toSorted((a, b) => a.atMs - b.atMs);
  return {
    seed,
    mode,
    lives,
    nodes,
    connections,
    hot: Math.max(1, Math.round(connections * chance.pick([0.05, 0.1, 0.3]))),
    pace: stream(seed, "pace").pick(["lively", "lively", "lively", "calm", "sparse"]),
    chaosMs,
    skewMs: chance.pick([0, 1_000, 4_500]),
    rates: bounded(Object.fromEntries(kinds.rates.map((name) => [name, rateOf(name, chance)])) as Rates),
    faults: survivable(faults, { nodes, graceless: MODES[mode].forgives === "nothing" }),
  };
}

/** The most connections of a drawn world, and those of the mix. */
const MOST_IN_SWARM = 16;
const MIX_CONNECTIONS = 2_000;

/** The mix that speed is measured with: 5 % of the connections at work, 95 % idle, faults on. */
export function mixPlan(seed: number, options: DrawOptions): Plan {
  const drawn = drawPlan(seed, options);
  const rates = { ...drawn.rates };
  // It befalls a request and stops the whole machine: at the rate of a small world no machine of this one would ever run.
  if (rates["pause-in-send"] !== undefined) rates["pause-in-send"] *= MOST_IN_SWARM / MIX_CONNECTIONS;
  return {
    ...drawn,
    rates,
    connections: MIX_CONNECTIONS,
    hot: 100,
    pace: "calm",
    lives: "xero",
    chaosMs: 10 * 24 * HOUR_MS,
  };
}

/** A provider that cannot be reached for most of an idle life: people have to be told in time. */
function longOutage(seed: number, chance: Stream): Plan {
  const forMs = chance.between(55, 80) * HOUR_MS;
  const how = stream(seed, "outage").pick(["refuses", "swallows", "html"] as const);
  const fault: PlacedFault = { kind: "provider-down", atMs: HOUR_MS, how, forMs };
  const world = { seed, mode: chance.pick(MODE_NAMES), lives: "short", nodes: 1, connections: 3, hot: 1 } as const;
  return { ...world, pace: "lively", chaosMs: 84 * HOUR_MS, skewMs: 0, rates: {}, faults: [fault] };
}

/** Many connections at work while the provider swallows whatever it is sent. */
function blast(seed: number, chance: Stream): Plan {
  const fault: PlacedFault = {
    kind: "provider-down",
    atMs: 30 * MINUTE_MS,
    how: "swallows",
    forMs: chance.between(5, 15) * MINUTE_MS,
  };
  const world = { seed, mode: chance.pick(MODE_NAMES), lives: "xero", nodes: 1, connections: 70, hot: 70 } as const;
  return { ...world, pace: "lively", chaosMs: 2 * HOUR_MS, skewMs: 0, rates: {}, faults: [fault] };
}

const FAULT_KINDS: readonly FaultKind[] = [
  "crash",
  "crash-at-point",
  "deploy",
  "pause",
  "clock-jump",
  "store-down",
  "partition",
  "fail-over",
  "disk-full",
  "fsync-error",
  "provider-down",
  "secret-replaced",
  "revoked-by-person",
  "disconnected-at-provider",
  "consent-again",
  "disabled",
  "storm",
];

interface Kinds {
  readonly faults: readonly FaultKind[];
  readonly rates: readonly RateName[];
  /** How often each of the faults is placed, at least and at most. */
  readonly times: readonly [number, number];
}

function chosenKinds(chance: Stream): Kinds {
  const how = chance.draw();
  const few = [1, 4] as const;
  if (how < 0.05) return { faults: ["storm"], rates: [], times: few };
  if (how < 0.2) return { faults: [chance.pick(FAULT_KINDS)], rates: [], times: few };
  if (how < 0.3) return { faults: ["crash-at-point"], rates: [chance.pick(RATE_NAMES)], times: few };
  const share = chance.pick([0.15, 0.3, 0.5]);
  const rates = () => RATE_NAMES.filter(() => chance.happens(share));
  // One kind again and again, on a bad network: what it does to what it did before.
  if (how < 0.4) return { faults: [chance.pick(FAULT_KINDS)], rates: rates(), times: [4, 10] };
  return { faults: FAULT_KINDS.filter(() => chance.happens(share)), rates: rates(), times: few };
}

/** Together they befall at most this share of requests: a provider that mostly fails is down, and outages are placed. */
const BEFALLEN_AT_MOST = 0.5;
const OF_REQUESTS: readonly RateName[] = [
  "request-lost",
  "answer-lost",
  "late-execution",
  "rate-limited",
  "error-after-execute",
  "error-before-execute",
  "html-instead-of-tokens",
  "connection-refused",
];

function bounded(rates: Rates): Rates {
  const sum = OF_REQUESTS.reduce((total, name) => total + (rates[name] ?? 0), 0);
  if (sum <= BEFALLEN_AT_MOST) return rates;
  const scaled = OF_REQUESTS.filter((name) => rates[name] !== undefined).map((name) => [
    name,
    ((rates[name] ?? 0) * BEFALLEN_AT_MOST) / sum,
  ]);
  return { ...rates, ...(Object.fromEntries(scaled) as Rates) };
}

function rateOf(name: RateName, chance: Stream): number {
  switch (name) {
    case "spurious-refusal":
    case "pause-in-send":
      return chance.pick([0.01, 0.03]);
    case "store-lost":
    case "store-ack-lost":
    case "store-slow":
    case "journal-slow":
      return chance.pick([0.005, 0.03]);
    default:
      return chance.pick([0.02, 0.1, 0.25]);
  }
}

/** In some worlds of several nodes, the ways of some of them; beside whatever else is drawn. */
function waysCut(chance: Stream, world: Omit<Placing, "chance" | "count">): readonly PlacedFault[] {
  if (world.nodes === 1 || !chance.happens(0.15)) return [];
  return placed("way-cut", { ...world, chance, count: chance.between(1, 3) });
}

/** As far as clocks are found wrong: a stopped one, time zones, a date. */
const LEAPS_MS = [2 * MINUTE_MS, 25 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS, 48 * HOUR_MS] as const;

const LEAP_POINTS = ["grant-read", ...POINTS] as const satisfies readonly LeapPoint[];

/** In some worlds clocks that leap; beside whatever else is drawn. */
function clocksLeapt(chance: Stream, world: Omit<Placing, "chance" | "count">): readonly PlacedFault[] {
  if (!chance.happens(0.1)) return [];
  const leaps = placed("clock-leap", { ...world, chance, count: chance.between(1, 3) });
  return leaps.map((leap) =>
    chance.happens(0.5) ? { ...leap, amid: chance.pick(LEAP_POINTS) } : leap,
  ) as readonly PlacedFault[];
}

/** In some worlds of several nodes the clock of their database is set back, and right again. One that is set ahead is believed. */
function storeClockSet(chance: Stream, world: Omit<Placing, "chance" | "count">): readonly PlacedFault[] {
  if (world.nodes === 1 || !chance.happens(0.1)) return [];
  return placed("store-clock-leap", { ...world, chance, count: chance.between(1, 2) });
}

interface Placing {
  readonly chance: Stream;
  readonly nodes: number;
  readonly connections: number;
  readonly chaosMs: number;
  readonly count: number;
}

function placed(kind: FaultKind, placing: Placing): readonly PlacedFault[] {
  return Array.from({ length: placing.count }, () => ({
    atMs: placing.chance.between(5 * MINUTE_MS, Math.max(10 * MINUTE_MS, placing.chaosMs - HOUR_MS)),
    ...drawn(kind, placing),
  })) as readonly PlacedFault[];
}

function drawn(kind: FaultKind, { chance, nodes, connections }: Placing) {
  const node = chance.below(nodes);
  const connection = chance.below(connections);
  const downMs = chance.pick([SECOND_MS, MINUTE_MS, AWAY_AT_MOST_MS]);
  const briefMs = chance.between(10 * SECOND_MS, 10 * MINUTE_MS);
  const longMs = chance.pick([briefMs, chance.between(HOUR_MS, 3 * HOUR_MS)]);
  switch (kind) {
    case "crash":
      return { kind, node, downMs, disk: nodes > 1 && chance.happens(0.3) ? "lost" : "kept" } as const;
    case "crash-at-point":
      return { kind, node, point: chance.pick(CRASH_POINTS), downMs } as const;
    case "deploy":
      return { kind, node, downMs: 2 * SECOND_MS } as const;
    case "pause":
      return {
        kind,
        node,
        forMs: chance.between(SECOND_MS, PAUSED_AT_MOST_MS),
        how: chance.pick(["stopped", "suspended"]),
      } as const;
    case "clock-jump":
      return { kind, node, byMs: chance.pick([-3_000, -500, 500, 3_000]) } as const;
    case "clock-leap":
      return { kind, node, byMs: chance.pick(LEAPS_MS) * chance.pick([1, -1]), forMs: longMs } as const;
    case "store-clock-leap":
      return { kind, byMs: -chance.pick(LEAPS_MS), forMs: longMs } as const;
    case "store-down":
      return { kind, forMs: longMs } as const;
    case "partition":
      return { kind, node, forMs: longMs } as const;
    case "fail-over":
      return {
        kind,
        losesMs: chance.between(SECOND_MS, 5 * MINUTE_MS),
        downMs: chance.between(SECOND_MS, MINUTE_MS),
      } as const;
    case "disk-full":
    case "fsync-error":
      return { kind, node, forMs: briefMs } as const;
    case "provider-down":
      return { kind, how: chance.pick(["refuses", "swallows", "html"]), forMs: longMs } as const;
    case "way-cut":
      return { kind, node, how: chance.pick(["refuses", "swallows", "loses-answers"]), forMs: longMs } as const;
    case "secret-replaced":
      return { kind, toldAfterMs: chance.between(MINUTE_MS, HOUR_MS) } as const;
    case "revoked-by-person":
    case "disconnected-at-provider":
      return { kind, connection, consentsAgainAfterMs: chance.between(2 * MINUTE_MS, 5 * HOUR_MS) } as const;
    case "consent-again":
      return { kind, connection } as const;
    case "disabled":
      return { kind, connection, forMs: chance.between(MINUTE_MS, HOUR_MS) } as const;
    case "storm":
      return { kind, connection, callers: 20 } as const;
  }
}

// A database that forgets its last minutes is healed by the journals: not where those are lost as well.
function survivable(
  faults: readonly PlacedFault[],
  world: { readonly nodes: number; readonly graceless: boolean },
): readonly PlacedFault[] {
  const failsOver = faults.some(({ kind }) => kind === "fail-over");
  return faults.map((fault) =>
    fault.kind === "crash" && fault.disk === "lost" && (failsOver || world.graceless || world.nodes === 1)
      ? { ...fault, disk: "kept" }
      : fault,
  );
}
