import type { Limits } from "./timing.ts";

/**
 * How far the clock of a store that nodes share is behind the time that they go by, as one of them sees it: it was set back while they ran.
 * Time does not go back, as instants that stand in the store are counted on from.
 */
export interface StoreLag {
  readonly behindMs: number;
  /** Whatever is found at the first look is not known to have changed. */
  readonly hasLooked: boolean;
  /** Neither slept this node before its last look, nor was its own machine's clock set: it knows as much as the others. */
  readonly isSteady: boolean;
  /** Found by this node's own clocks, and not told to the others yet. */
  readonly hasFound: boolean;
  /** When the newest was told that this node has seen, or told itself. */
  readonly toldAtMs: number;
}

export const NO_STORE_LAG: StoreLag = {
  behindMs: 0,
  hasLooked: false,
  isSteady: true,
  hasFound: false,
  toldAtMs: Number.NEGATIVE_INFINITY,
};

/** One look of a node at the store's clock. */
export interface StoreClockSeen {
  /** How far it is ahead of where it was at the last look; of where it was thought to be, at the first. */
  readonly aheadMs: number;
  /** How far the machine's own clock leapt since the last look. */
  readonly leaptMs: number;
  /** Within what that is known. */
  readonly withinMs: number;
  /** How long the last look is ago. */
  readonly sinceMs: number;
}

/** What the nodes last told each other of it. */
export interface ToldLag {
  readonly behindMs: number;
  readonly atMs: number;
}

/** What else tells what time it is, once one would join the others. */
export interface OtherWitnesses {
  /** When the newest happened that stands in the store. */
  readonly newestMs: number;
  readonly machineMs: number;
}

/** What one look at the store's clock tells a node by itself, whatever the others told. Who slept may take its sleep for the clock's leap. */
export function noteStoreClock(lag: StoreLag, seen: StoreClockSeen, limits: Limits): StoreLag {
  const isSteady = Math.abs(seen.leaptMs) <= limits.clockSkewMs / 2;
  const behindMs = lag.hasLooked ? Math.round(behindAfter(lag.behindMs, { ...seen, isSteady }, limits)) : lag.behindMs;
  return {
    ...lag,
    behindMs,
    isSteady,
    hasLooked: true,
    hasFound: lag.hasFound || (isSteady && behindMs !== lag.behindMs),
  };
}

/**
 * Takes in what the nodes last told each other: whoever was away meanwhile, or is new, goes by it.
 * But for a clock that was set right while nobody looked: then it is past all that stands in the store, and the machine's agrees.
 * `laterMs`: by how much this node's time is later now; `tell`: what is to be told in its place, null where it is right.
 */
export function joinToldLag(
  lag: StoreLag,
  { told, nowMs, witnesses }: { readonly told: ToldLag; readonly nowMs: number; readonly witnesses: OtherWitnesses },
  limits: Limits,
): { readonly lag: StoreLag; readonly laterMs: number; readonly tell: number | null } {
  const apartMs = told.behindMs - lag.behindMs;
  const isRight = Math.abs(apartMs) <= limits.clockSkewMs / 2;
  const { newestMs, machineMs } = witnesses;
  const agreesMs = Math.min(limits.clockSkewMs, apartMs / 2);
  const isOver = newestMs - nowMs <= agreesMs && Math.abs(machineMs - nowMs) <= agreesMs;
  // What was told since may be gone with the last moments of a store that failed over.
  const isLater = lag.isSteady && told.atMs <= lag.toldAtMs;
  const knowsBetter = lag.hasFound || isLater || isOver;
  const toldAtMs = Math.max(lag.toldAtMs, isRight || !knowsBetter ? told.atMs : nowMs);
  const heard = { ...lag, hasFound: false, toldAtMs };
  if (isRight) return { lag: heard, laterMs: 0, tell: null };
  // It may be less than was told only where this node has seen the clock set right.
  if (knowsBetter || apartMs < 0) return { lag: heard, laterMs: 0, tell: lag.behindMs };
  return { lag: { ...heard, behindMs: told.behindMs }, laterMs: apartMs, tell: null };
}

function behindAfter(behindMs: number, seen: StoreClockSeen & { isSteady: boolean }, limits: Limits): number {
  const { aheadMs, leaptMs, withinMs, sinceMs, isSteady } = seen;
  // A clock that merely runs slower is followed, by steps within what clocks may differ by.
  const driftMs = limits.clockSkewMs + withinMs + sinceMs * DRIFT_SHARE;
  if (aheadMs < 0) return aheadMs < -driftMs ? behindMs - aheadMs : behindMs;
  // The machine's clock is as much ahead: it was this node that slept, and not the store's clock that was set right.
  const hasSlept = Math.abs(aheadMs - leaptMs) <= limits.clockSkewMs / 2 + withinMs;
  if (hasSlept) return behindMs;
  const leftMs = behindMs - aheadMs;
  // What clocks may differ by anyway, as the nodes' own have gone on meanwhile: it is right.
  if (leftMs <= limits.clockSkewMs / 2) return 0;
  // Set ahead in part, or a sleep in which the machine's own clock was set besides: that is likelier.
  return isSteady ? leftMs : behindMs;
}

/** As fast as kernels let a clock run to bring it right. */
const DRIFT_SHARE = 0.0005;
