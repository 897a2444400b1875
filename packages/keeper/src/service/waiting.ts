import { EvergrantError } from "@evergrant/core";
import type { ServiceContext } from "./service-context.ts";

/** Repeats a write until the store takes it: an answer that is in the journal waits for the store, however long it is away. */
export async function untilStored<T>(context: ServiceContext, subject: string, write: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof EvergrantError) || error.code !== "store_unavailable") throw error;
      context.report({ what: "settle", subject, error });
      await pause(context, Math.min(context.limits.retryFirstMs * 2 ** failures, context.limits.retryMaxMs));
    }
  }
}

export function pause(context: Pick<ServiceContext, "time">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    context.time.setTimer(ms, resolve);
  });
}

/** The result of some work, or `late` when it took longer; the work itself goes on. */
export async function within<T>(
  context: Pick<ServiceContext, "time">,
  ms: number,
  work: Promise<T>,
): Promise<T | "late"> {
  let end: () => void = () => undefined;
  const late = new Promise<"late">((resolve) => {
    const timer = context.time.setTimer(ms, () => resolve("late"));
    end = () => timer.cancel();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    end();
  }
}
