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

/**
 * One of many questions to the store, repeated a few times where it does not answer: work that asks a thousand of them would otherwise
 * begin anew at each that is lost, and never end. @throws whatever the store says at last
 */
export async function persistently<T>(
  context: Pick<ServiceContext, "time" | "limits">,
  ask: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EvergrantError) || error.code !== "store_unavailable" || tries === TRIES) throw error;
      await pause(context, context.limits.marginMs / 10);
    }
  }
}

const TRIES = 4;

export function pause(context: Pick<ServiceContext, "time">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    context.time.setTimer(ms, resolve);
  });
}

/** The store's answer where it comes in a moment, or `away`: for who can go on by what is in memory. */
export async function answerOrAway<T>(
  context: Pick<ServiceContext, "time" | "limits">,
  asked: Promise<T>,
): Promise<T | "away"> {
  const answered = asked.catch((error: unknown) => {
    if (error instanceof EvergrantError && error.code === "store_unavailable") return "away" as const;
    throw error;
  });
  const answer = await within(context, context.limits.assertionClaimMs, answered);
  return answer === "late" ? "away" : answer;
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
