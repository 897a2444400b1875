import { realTime } from "../real-time.ts";

// A package runner passes on the Ctrl-C that the terminal has sent us already: the same wish, not a second one.
const SAME_WISH_MS = 500;

/** Waits for SIGINT or SIGTERM. A second signal ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    const heard = (status: number) => () => {
      const nowMs = realTime.monotonicMs();
      if (firstMs === null) {
        firstMs = nowMs;
        resolve();
      } else if (nowMs - firstMs > SAME_WISH_MS) process.exit(status);
    };
    process.on("SIGINT", heard(130));
    process.on("SIGTERM", heard(143));
  });
}
