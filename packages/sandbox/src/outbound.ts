import type { SandboxClock } from "./clock.ts";
import type { Change } from "./engine/index.ts";
import type { Time, Timer } from "./time.ts";

/** Something the ledger says has to be done outside: mails, webhook deliveries. */
export interface Duty {
  /** When there is something to do; null: nothing is. */
  nextDueAtMs(): number | null;
  /** Does what is due and writes down what came of it, so that it is due no more. */
  carryOut(): Promise<void>;
}

/** Carries duties out when they are due, on the sandbox's clock. */
export interface Outbound {
  /** Looks for due work once the present transaction is done. */
  wake(): void;
  nextDueAtMs(): number | null;
  /** Resolves once nothing is due. */
  whenIdle(): Promise<void>;
}

export interface OutboundParts {
  readonly clock: SandboxClock;
  readonly time: Time;
  readonly duties: readonly Duty[];
  /** Ends the waiting; what is under way is cut short by its duty. */
  readonly closing: AbortSignal;
}

export function createOutbound({ clock, time, duties, closing }: OutboundParts): Outbound {
  let busy = false;
  let timer: Timer | null = null;
  let waiting: (() => void)[] = [];
  const nextDueAtMs = () => earliest(duties.map((duty) => duty.nextDueAtMs()));
  const rest = (failed: boolean) => {
    busy = false;
    const dueAtMs = closing.aborted || failed ? null : nextDueAtMs();
    timer = dueAtMs === null ? null : time.setTimer(dueAtMs - clock.nowMs(), wake);
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const run = async () => {
    timer?.cancel();
    let failed = true;
    try {
      while (!closing.aborted) {
        const due = duties.filter((duty) => isDue(duty.nextDueAtMs(), clock.nowMs()));
        if (due.length === 0) break;
        await Promise.all(due.map((duty) => duty.carryOut()));
      }
      failed = false;
    } finally {
      rest(failed);
    }
  };
  const wake = () => {
    if (busy || closing.aborted) return;
    busy = true;
    // Whoever wakes is inside a transaction, whose rows are seen only after it.
    // A ledger that cannot be written fails whatever comes next too, and there aloud; that transaction wakes us again.
    queueMicrotask(() => void run().catch(() => undefined));
  };
  closing.addEventListener("abort", () => timer?.cancel());
  return {
    wake,
    nextDueAtMs,
    whenIdle: () => (busy ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
  };
}

/** Whether a transaction may have made something due. */
export const concernsOutbound = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ table, key }) => table === "mails" || table === "webhooks" || (table === "settings" && key === "clockOffsetMs"),
  );

const isDue = (atMs: number | null, nowMs: number): boolean => atMs !== null && atMs <= nowMs;

function earliest(instants: readonly (number | null)[]): number | null {
  const set = instants.filter((atMs) => atMs !== null);
  return set.length === 0 ? null : Math.min(...set);
}
