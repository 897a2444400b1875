import { EvergrantError } from "@evergrant/core";
import type { ClockMark } from "../ports/provenance.ts";
import { type ClockOwner, NodeClock } from "./node-clock.ts";
import type { KeeperParts, ServiceContext } from "./service-context.ts";
import { newestIn } from "./store-clock.ts";

/** The clock of a node, which tells of each leap of its machine's, and of the store's. */
export function clockOver({ clock: given, limits, node, time }: KeeperParts, report: KeeperParts["report"]): NodeClock {
  const clock = given ?? new NodeClock(time, limits);
  clock.onLeap = (whose) => report({ what: "clock", subject: node, error: leapt(whose, clock) });
  return clock;
}

/**
 * Whatever the store holds has happened: a clock that says otherwise was set wrong while this node was away, or is so now.
 * @throws store_unavailable
 */
export async function startClock(context: ServiceContext): Promise<void> {
  if (context.shared === null) return await goOn(context);
  await context.clock.look();
  const newestMs = await newestIn(context.store);
  if (newestMs !== null) context.clock.atLeast(newestMs);
}

async function goOn(context: ServiceContext): Promise<void> {
  const { clock, provenance, report } = context;
  const failed = (error: unknown) => report({ what: "clock", subject: "mark", error });
  const read = async () => (await provenance?.clockMark()) ?? null;
  await clock.goOn({
    newestMs: await newestIn(context.store),
    mark: await read().catch((error: unknown) => {
      failed(error);
      return ANY_CLOCK;
    }),
    remember: async (mark) => await provenance?.rememberClock(mark).catch(failed),
  });
}

/** What is remembered of a clock of which nothing can be read: what was received until now may be of any age. */
const ANY_CLOCK: ClockMark = { aheadMs: 1, doubtfulUntilMs: null };

function leapt(whose: ClockOwner, { machineAheadMs, storeBehindMs }: NodeClock): EvergrantError {
  const aheadMs = { machine: machineAheadMs, store: -storeBehindMs }[whose];
  const apart = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs < 0 ? "behind" : "ahead"}`;
  return new EvergrantError("clock_skewed", { detail: `the ${whose}'s clock leapt, and is ${apart} now` });
}
