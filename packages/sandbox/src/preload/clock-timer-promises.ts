import { machine } from "../real-time.ts";

interface PauseOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

type Pause = <T>(delayMs?: number, value?: T, options?: PauseOptions) => Promise<T | undefined>;

/** Puts `node:timers/promises` on the given timers; gives the promise form of `setTimeout`. */
export function replaceTimerPromises(set: typeof setTimeout, repeat: typeof setInterval): Pause {
  const pause: Pause = (delayMs, value, { signal, ref = true } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal));
      const abort = () => {
        timer.close();
        reject(abortError(signal));
      };
      const timer = set(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      }, delayMs);
      if (!ref) timer.unref();
      signal?.addEventListener("abort", abort, { once: true });
    });
  Object.assign(machine.timerPromisesModule, { setTimeout: pause, setInterval: ticks(repeat) });
  Object.defineProperty(machine.timerPromisesModule.scheduler, "wait", {
    value: (delayMs: number, options?: PauseOptions) => pause(delayMs, undefined, options),
    configurable: true,
    writable: true,
  });
  return pause;
}

function ticks(repeat: typeof setInterval) {
  return async function* tick<T>(delayMs?: number, value?: T, { signal, ref = true }: PauseOptions = {}) {
    if (signal?.aborted) throw abortError(signal);
    let missed = 0;
    let wake = (): void => {};
    const timer = repeat(() => {
      missed += 1;
      wake();
    }, delayMs);
    if (!ref) timer.unref();
    const abort = () => wake();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      for (;;) {
        if (missed === 0)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        if (signal?.aborted) throw abortError(signal);
        for (; missed > 0; missed -= 1) yield value;
      }
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", abort);
    }
  };
}

const abortError = (signal: AbortSignal | undefined): Error =>
  Object.assign(new Error("The operation was aborted", { cause: signal?.reason }), {
    name: "AbortError",
    code: "ABORT_ERR",
  });
