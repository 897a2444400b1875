import type { NodeId } from "@evergrant/core";
import type { JournalMark } from "../../ports/node-store.ts";
import type { Store } from "../../ports/store.ts";
import type { Time, Timer } from "../../ports/time.ts";

/** One open store and what a test may do to the world around it. */
export interface StoreWorld {
  readonly store: Store;
  readonly time: MovableTime;
  /** Where the journal of the store's node stands: moved by tests. */
  readonly mark: MovableMark;
  /** A second node on the same database; left out where there can be none. */
  readonly secondNode?: () => Promise<Store>;
  /** The database's own clock, where leases are counted in that and not in `time`. */
  readonly ownNowMs?: () => Promise<number>;
  /** Closes the store and opens it again; left out where nothing outlives a close. */
  readonly reopen?: () => Promise<Store>;
  /** Changes a fact of the audit record of this sequence behind the store's back. */
  readonly tamper: (sequence: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export type MovableMark = { -readonly [Part in keyof JournalMark]: JournalMark[Part] };

export interface MovableTime extends Time {
  advance(ms: number): void;
}

/** The node whose audit chain every world's store writes. */
export const NODE = "node-a" as NodeId;
/** The node of `secondNode`. */
export const SECOND_NODE = "node-b" as NodeId;

/** A journal that nothing was written to. */
export function newMark(node: NodeId = NODE): MovableMark {
  return { node, end: 0, acknowledged: 0 };
}

/** A clock that stands still until it is moved; due timers fire in order of their instants. */
export function movableTime(startMs = Date.UTC(2026, 0, 1)): MovableTime {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly fire: () => void }>();
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    setTimer(delayMs, fire): Timer {
      const timer = { atMs: nowMs + delayMs, fire };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance(ms) {
      nowMs += ms;
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs))
        if (timers.delete(timer)) timer.fire();
    },
  };
}
