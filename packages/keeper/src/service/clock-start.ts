import { EvergrantError } from "@evergrant/core";
import type { ClockMark } from "../ports/provenance.ts";
import { NodeClock } from "./node-clock.ts";
import type { KeeperParts, ServiceContext } from "./service-context.ts";

/** The clock of a node, which tells of each leap of its machine's. */
export function clockOver({ clock: given, limits, node, time }: KeeperParts, report: KeeperParts["report"]): NodeClock {
  const clock = given ?? new NodeClock(time, limits);
  clock.onLeap = () => report({ what: "clock", subject: node, error: leapt(clock) });
  return clock;
}

/**
 * Whatever the store holds has happened: a clock that says otherwise was set wrong while this node was away, or is so now.
 * @throws store_unavailable
 */
export async function startClock({ clock, provenance, report, shared, store }: ServiceContext): Promise<void> {
  if (shared !== null) return await clock.compare();
  const [newest] = await store.audit.page(null, 1);
  const failed = (error: unknown) => report({ what: "clock", subject: "mark", error });
  const read = async () => (await provenance?.clockMark()) ?? null;
  await clock.goOn({
    newestMs: newest?.atMs ?? null,
    mark: await read().catch((error: unknown) => {
      failed(error);
      return ANY_CLOCK;
    }),
    remember: async (mark) => await provenance?.rememberClock(mark).catch(failed),
  });
}

/** What is remembered of a clock of which nothing can be read: what was received until now may be of any age. */
const ANY_CLOCK: ClockMark = { aheadMs: 1, doubtfulUntilMs: null };

function leapt({ machineAheadMs }: NodeClock): EvergrantError {
  const apart = `${Math.round(Math.abs(machineAheadMs) / 1000)} s ${machineAheadMs < 0 ? "behind" : "ahead"}`;
  return new EvergrantError("clock_skewed", { detail: `the machine's clock leapt, and is ${apart} now` });
}
