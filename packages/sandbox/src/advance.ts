import type { SandboxClock } from "./clock.ts";
import { type LedgerView, nextEventAtMs } from "./engine/index.ts";
import { SandboxError } from "./errors.ts";
import type { Followers } from "./followers.ts";
import type { OneAtATime } from "./one-at-a-time.ts";
import type { Outbound } from "./outbound.ts";
import { waitRealMs } from "./real-time.ts";

export interface Advanced {
  readonly nowMs: number;
  readonly offsetMs: number;
  readonly steps: number;
}

export interface AdvanceParts {
  readonly clock: SandboxClock;
  readonly followers: Followers;
  /** Mails and webhook deliveries: they fall due on the same clock. */
  readonly outbound: Outbound;
  readonly view: LedgerView;
  /** Ends all waiting when the sandbox closes. */
  readonly closing: AbortSignal;
  /** How long, in real time, one step may take until all followers are idle. */
  readonly idleTimeoutMs: number;
  readonly oneAtATime: OneAtATime;
}

/**
 * Moves the clock to `targetMs` in steps: each goes to the earliest of the target, our own next event and the followers' next due
 * instant, and waits until every follower is idle. Throws `clock_backwards` and `follower_not_idle`.
 */
export const createAdvance =
  (parts: AdvanceParts): ((targetMs: number) => Promise<Advanced>) =>
  // One at a time: two interleaved advances would each wait for the other's followers.
  (targetMs) =>
    parts.oneAtATime(() => advance(parts, targetMs));

async function advance(parts: AdvanceParts, targetMs: number): Promise<Advanced> {
  const { clock, followers } = parts;
  if (targetMs < clock.nowMs())
    throw new SandboxError("clock_backwards", "The clock only moves forward. Name an instant after the present one.");
  // What each follower waits for is asked once more: its last word about it may still be on its way.
  let askedAtMs = clock.nowMs();
  followers.step(clock.offsetMs());
  await untilIdle(parts);
  let steps = 0;
  do {
    // Real time goes on during the steps, so the next stop may have been passed meanwhile.
    const stopMs = Math.max(nextStopMs(parts, targetMs, askedAtMs), clock.nowMs());
    clock.moveTo(stopMs);
    askedAtMs = stopMs;
    followers.step(clock.offsetMs());
    steps += 1;
    await untilIdle(parts);
  } while (clock.nowMs() < targetMs && !parts.closing.aborted);
  return { nowMs: clock.nowMs(), offsetMs: clock.offsetMs(), steps };
}

// All is done that was due when it was asked for; what has fallen due since, in real time, is as much a stop as what is still to come.
function nextStopMs({ followers, outbound, view }: AdvanceParts, targetMs: number, askedAtMs: number): number {
  const eventMs = nextEventAtMs(view);
  const dueMs = followers.nextDueMs(askedAtMs);
  const stops = [targetMs];
  for (const atMs of [eventMs, outbound.nextDueAtMs()]) if (atMs !== null && atMs > askedAtMs) stops.push(atMs);
  // One millisecond past, so that a follower's rounded clock has reached it too.
  if (dueMs !== null) stops.push(dueMs + 1);
  return Math.min(...stops);
}

// A follower's step may send something out, and what came in may give a follower work.
async function allIdle({ followers, outbound }: AdvanceParts): Promise<void> {
  await followers.whenIdle();
  await outbound.whenIdle();
  await followers.whenIdle();
}

async function untilIdle(parts: AdvanceParts): Promise<void> {
  const given = new AbortController();
  const signal = AbortSignal.any([parts.closing, given.signal]);
  const idle = allIdle(parts).then(() => true);
  const timedOut = waitRealMs(parts.idleTimeoutMs, signal).then(() => false);
  const wasIdle = await Promise.race([idle, timedOut]);
  given.abort();
  if (wasIdle || parts.closing.aborted) return;
  const busy = parts.followers
    .list()
    .filter((each) => !each.idle)
    .map((each) => each.id);
  throw new SandboxError(
    "follower_not_idle",
    `The clock stopped on its way: ${busy.join(", ") || "a mail or webhook"} did not report idle in time. Look at that process, then advance again.`,
  );
}
