import type { ClockReading } from "../ports/time.ts";

/** What was read of the store and its clock, and the machine's wall clock less its monotonic one as of then. */
export type SteadyReading<Read extends ClockReading> = Read & { readonly differenceMs: number };

/**
 * Reads the store's clock so that it can be told what time it is: anew where the machine's clock leapt meanwhile, and a few times where an
 * answer was long on its way, or met a process that stood still, as the time is known only within half of that. The nearest counts.
 * Fails as `read` does, at once.
 */
export async function steadyReading<Read extends ClockReading>(
  read: () => Promise<Read>,
  differenceMs: () => number,
  toleranceMs: number,
): Promise<SteadyReading<Read>> {
  let nearest = await readOnce(read, differenceMs, toleranceMs);
  for (let asked = 1; asked < ASKED_AT_MOST && nearest.withinMs > toleranceMs; asked += 1) {
    const next = await readOnce(read, differenceMs, toleranceMs);
    const hasLeapt = Math.abs(next.differenceMs - nearest.differenceMs) > toleranceMs;
    if (hasLeapt || next.withinMs < nearest.withinMs) nearest = next;
  }
  return nearest;
}

const ASKED_AT_MOST = 3;

async function readOnce<Read extends ClockReading>(
  read: () => Promise<Read>,
  differenceMs: () => number,
  toleranceMs: number,
): Promise<SteadyReading<Read>> {
  const beforeMs = differenceMs();
  const reading = await read();
  const afterMs = differenceMs();
  // What was answered is of two times.
  if (Math.abs(afterMs - beforeMs) > toleranceMs) return await readOnce(read, differenceMs, toleranceMs);
  return { ...reading, differenceMs: afterMs };
}
