import { chainOf, type Expected, isHeld, type Lease, type LeaseOwner, workedOnWithinMs } from "@evergrant/core";
import type { GrantChange, StoredGrant } from "../ports/grant-store.ts";
import type { JournalRecord } from "../ports/journal.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { changeBy, dueAfter, type View } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { journaledOutcome } from "./journaled-outcome.ts";
import type { ServiceContext } from "./service-context.ts";
import { pause, persistently, untilStored } from "./waiting.ts";

/** What of an intent is put back. */
type Intent = Pick<
  Extract<JournalRecord, { kind: "intent" }>,
  "attempt" | "subject" | "fence" | "leaseUntilMs" | "atMs"
>;

/** A send that no token came back for, as far as is known. */
export interface Sent {
  readonly intent: Intent;
  readonly answer: Extract<JournalRecord, { kind: "answer" }> | null;
}

interface Parts {
  readonly apps: Pick<AppDirectory, "get">;
  readonly views: GrantViews;
  readonly onScheduled: (dueAtMs: number | null) => void;
}

/**
 * I2 durable knowledge: a store that went back in time has forgotten that a token was presented, and would let the time pass in which
 * its lost answer can be asked for. What the journal knows of such sends is put back, with the lease under which they went out.
 */
export async function rememberSends(context: ServiceContext, parts: Parts, sends: readonly Sent[]): Promise<void> {
  const patientUntilMs = context.shared === null ? 0 : context.time.monotonicMs() + context.limits.leaseMs;
  for (const sent of sends) await rememberSend(context, parts, sent, patientUntilMs);
}

async function rememberSend(context: ServiceContext, parts: Parts, sent: Sent, patientUntilMs: number): Promise<void> {
  const { subject } = sent.intent;
  if (subject.kind !== "grant" || subject.token === null) return;
  for (;;) {
    const grant = await persistently(context, () => context.store.grants.load(subject.grant));
    const stands = grant === undefined ? "moved-on" : standing(grant, subject);
    if (grant === undefined || stands === "moved-on") return;
    if (stands === "behind") {
      // The answer that brought this token lies in another node's journal.
      if (context.time.monotonicMs() >= patientUntilMs) return;
      await pause(context, context.limits.marginMs / 10);
      continue;
    }
    const app = await parts.apps.get(grant.app);
    if (isHeldByOthers(context, grant, sent.intent))
      return parts.onScheduled(await takeBack(context, parts.views, { grant, app }));
    if (isWithoutEffect(sent, app) || (await isTold(context, grant, sent.intent))) return;
    parts.onScheduled(await putBack(context, parts.views, { grant, app, sent }));
    return;
  }
}

// One generation on, another send of the same token has brought the head, and has to know that it was not the only one.
function standing(grant: StoredGrant, { chain, generation }: Expected): "here" | "one-on" | "behind" | "moved-on" {
  const stored = chainOf(grant.state);
  if (stored === null || stored.id !== chain || stored.generation > generation + 1) return "moved-on";
  if (stored.generation > generation) return "one-on";
  return stored.generation < generation ? "behind" : "here";
}

// Further ahead than any work or back-off: while this node was away the grace went by, and the others hold what is not theirs for a day.
function isHeldByOthers(
  { time, limits }: ServiceContext,
  { dueAtMs, state }: StoredGrant,
  { attempt }: Intent,
): boolean {
  const isOurs = chainOf(state)?.attempt?.id === attempt;
  return isOurs && dueAtMs !== null && dueAtMs > time.wallMs() + workedOnWithinMs(limits);
}

/** Makes it due when it is for the node that owes it; when that is. */
async function takeBack(
  context: ServiceContext,
  views: GrantViews,
  { grant: { id }, app }: { readonly grant: StoredGrant; readonly app: App },
): Promise<number | null> {
  const dueAtMs = await untilStored(context, id, () =>
    context.store.grants.change(id, (current, storeNowMs) => {
      const dueAtMs = dueAfter(current, views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs }), app.timing);
      const records = { audit: [], notices: [] };
      return { change: { state: null, lease: null, dueAtMs, tokens: [], records }, result: dueAtMs };
    }),
  );
  return dueAtMs ?? null;
}

/** Writes the send down; when the grant is due then. */
async function putBack(
  context: ServiceContext,
  views: GrantViews,
  { grant: { id, dueAtMs }, app, sent }: { readonly grant: StoredGrant; readonly app: App; readonly sent: Sent },
): Promise<number | null> {
  const { grants } = context.store;
  let tries = 0;
  const put = await untilStored(context, id, async () => {
    tries += 1;
    // One that was written, and whose acknowledgement was lost, is not counted twice.
    const again = tries === 1 ? undefined : await grants.load(id);
    if (again !== undefined && (await isTold(context, again, sent.intent))) return again.dueAtMs;
    return await grants.change(id, (current, storeNowMs) => {
      const view = views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs });
      const change = remembering(context, current, sent, { app, view });
      return { change, result: change === null ? current.dueAtMs : change.dueAtMs };
    });
  });
  return put === undefined ? dueAtMs : put;
}

function remembering(
  context: ServiceContext,
  current: StoredGrant,
  { intent, answer }: Sent,
  { app, view }: { readonly app: App; readonly view: View },
): GrantChange | null {
  const { attempt, subject, atMs } = intent;
  if (subject.kind !== "grant" || subject.token === null) return null;
  const { chain, generation, token } = subject;
  return changeBy(
    current,
    {
      kind: "send-remembered",
      atMs: view.nowMs,
      attempt,
      node: context.node,
      expected: { chain, generation },
      token,
      sentAtMs: atMs,
      endedAtMs: answer?.atMs ?? null,
    },
    {
      view,
      timing: app.timing,
      lease:
        standing(current, subject) === "here"
          ? leaseOver(current.lease, intent, { owner: context.owner, nowMs: view.leaseNowMs })
          : current.lease,
    },
  );
}

// I4 single spender: what went out may still be on its way. Whoever took its fence since then is at work under it.
function leaseOver(
  lease: Lease,
  { fence, leaseUntilMs }: Intent,
  { owner, nowMs }: { readonly owner: LeaseOwner; readonly nowMs: number },
): Lease {
  if (lease.fence >= fence && isHeld(lease, nowMs)) return lease;
  return { fence: Math.max(fence, lease.fence + 1), owner, untilMs: Math.max(leaseUntilMs, lease.untilMs) };
}

const STORY_READ = 500;

/**
 * Whether the store has this intent. Each takes the next fence, so one with an older fence has it not; one with this fence, or a later
 * one, has it where its story tells of it: another node may have taken the number after the store had forgotten whose it was.
 */
async function isTold(context: ServiceContext, grant: StoredGrant, intent: Intent): Promise<boolean> {
  if (grant.lease.fence < intent.fence) return false;
  if (chainOf(grant.state)?.attempt?.id === intent.attempt) return true;
  const story = await persistently(context, () =>
    context.store.audit.story({ kind: "grant", id: grant.id }, STORY_READ),
  );
  // A longer story than is read: it has gone on for too long to have been forgotten just now.
  if (story.length === STORY_READ && story.every(({ atMs }) => atMs > intent.atMs)) return true;
  return story.some(({ facts }) => facts["attempt"] === intent.attempt);
}

// What the provider refused it did not execute. No answer at all may be anything.
function isWithoutEffect({ answer }: Sent, app: App): boolean {
  return answer !== null && journaledOutcome(answer, app.provider.errors).kind !== "ambiguous";
}
