import { setTimeout as pause } from "node:timers/promises";

/** Looks again and again until a check holds, and fails with what it last said. For what happens in real time, in other processes. */
export async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await pause(100);
    }
  }
}
