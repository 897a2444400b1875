import { setTimeout as wait } from "node:timers/promises";

/** Real time passes: processes, a Postgres and the wire have a clock that nobody moves. */
export async function pause(ms: number): Promise<void> {
  if (ms > 0) await wait(ms);
}
