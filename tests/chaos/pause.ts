import { setTimeout as wait } from "node:timers/promises";

/** Real time passes: processes, a Postgres and the wire have a clock that nobody moves. */
export async function pause(ms: number): Promise<void> {
  if (ms > 0) await wait(ms);
}

/** Waits until something is so; false: it was not in time. */
export async function within(ms: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > endMs) return false;
    await pause(20);
  }
  return true;
}
