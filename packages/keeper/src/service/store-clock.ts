import type { AuditSubject } from "../ports/records.ts";
import type { Store } from "../ports/store.ts";
import type { HeardOfClock } from "./node-clock.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Holds this node's time against that of the store that it shares with others, and agrees with them on how far the store's clock is behind:
 * the last record of it in the audit is what they go by.
 * @throws store_unavailable
 */
export async function lookAtStoreClock(
  context: Pick<ServiceContext, "clock" | "node" | "store" | "time">,
): Promise<void> {
  const { clock, node, store, time } = context;
  const behindMs = await clock.compare(() => heardIn(store));
  if (behindMs === null) return;
  const facts = { behindMs: Math.round(behindMs), node };
  const event = behindMs === 0 ? "store-clock-right" : "store-clock-set-back";
  await store.audit.write({
    audit: [{ event, subject: SUBJECT, atMs: time.wallMs(), by: "keeper", facts }],
    notices: [],
  });
}

/** When the newest happened that stands in a store; null where nothing does. @throws store_unavailable */
export async function newestIn({ audit }: Pick<Store, "audit">): Promise<number | null> {
  const [newest] = await audit.page(null, 1);
  return newest?.atMs ?? null;
}

async function heardIn(store: Pick<Store, "audit">): Promise<HeardOfClock> {
  const [told] = await store.audit.story(SUBJECT, 1);
  if (told === undefined) return NOTHING_TOLD;
  const { atMs, facts } = told;
  const behindMs = Number(facts["behindMs"]);
  // It matters only to who would join the others in what they told.
  const newestMs = behindMs > 0 ? await newestIn(store) : null;
  return { behindMs, atMs, newestMs: newestMs ?? atMs };
}

const NOTHING_TOLD: HeardOfClock = {
  behindMs: 0,
  atMs: Number.NEGATIVE_INFINITY,
  newestMs: Number.NEGATIVE_INFINITY,
};
const SUBJECT: AuditSubject = { kind: "deployment", id: "clock" };
