/** A process whose clock follows ours over one open stream. */
export interface Follower {
  readonly id: string;
  readonly reportedClockId: number;
  readonly idle: boolean;
  readonly nextDueMs: number | null;
}

export interface FollowerReport {
  /** The step the report is about. */
  readonly clockId: number;
  readonly nextDueMs: number | null;
  readonly idle: boolean;
}

export type ClockLine =
  | { readonly type: "welcome"; readonly followerId: string; readonly offsetMs: number; readonly id: number }
  | { readonly type: "clock"; readonly offsetMs: number; readonly id: number };

/** The connected followers and what each reported last. */
export interface Followers {
  /** Adds a follower and greets it; the returned function takes it away. */
  join(send: (line: ClockLine) => void, offsetMs: number): () => void;
  /** false: there is no such follower (any more). */
  report(followerId: string, report: FollowerReport): boolean;
  /** Tells all of a new offset and starts a new step. */
  step(offsetMs: number): void;
  /** Resolves once every connected follower is idle in the present step. */
  whenIdle(): Promise<void>;
  /** The earliest instant after this one at which a follower has something to do. */
  nextDueMs(afterMs: number): number | null;
  list(): readonly Follower[];
}

export function createFollowers(): Followers {
  const followers = new Map<string, Follower & { readonly send: (line: ClockLine) => void }>();
  let clockId = 1;
  let joined = 0;
  let waiting: (() => void)[] = [];
  const allIdle = () => [...followers.values()].every((each) => each.idle && each.reportedClockId >= clockId);
  const wake = () => {
    if (!allIdle()) return;
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  return {
    join(send, offsetMs) {
      joined += 1;
      const id = `follower-${joined}`;
      followers.set(id, { id, reportedClockId: 0, idle: false, nextDueMs: null, send });
      send({ type: "welcome", followerId: id, offsetMs, id: clockId });
      send({ type: "clock", offsetMs, id: clockId });
      return () => {
        followers.delete(id);
        wake();
      };
    },
    report(followerId, { clockId: reportedClockId, nextDueMs, idle }) {
      const follower = followers.get(followerId);
      if (follower === undefined) return false;
      // A late report about an earlier step says nothing of this one.
      if (reportedClockId >= follower.reportedClockId)
        followers.set(followerId, { ...follower, reportedClockId, nextDueMs, idle });
      wake();
      return true;
    },
    step(offsetMs) {
      clockId += 1;
      for (const follower of followers.values()) follower.send({ type: "clock", offsetMs, id: clockId });
    },
    whenIdle: () => (allIdle() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    nextDueMs(afterMs) {
      const due = [...followers.values()].flatMap(({ nextDueMs }) =>
        nextDueMs !== null && nextDueMs > afterMs ? [nextDueMs] : [],
      );
      return due.length === 0 ? null : Math.min(...due);
    },
    list: () => [...followers.values()].map(({ send: _send, ...follower }) => follower),
  };
}
