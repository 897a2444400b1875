import { type AttemptId, type ConsentId, chainOf, isHeld } from "@evergrant/core";
import type { JournalEntry, JournalPosition, JournalRecord } from "../ports/journal.ts";
import type { AppDirectory } from "./app-directory.ts";
import { rememberSends, type Sent } from "./forgotten-sends.ts";
import type { GrantSettler } from "./grant-settler.ts";
import type { GrantViews } from "./grant-views.ts";
import { bringsTokens, journaledOutcome } from "./journaled-outcome.ts";
import type { ServiceContext } from "./service-context.ts";
import { isStored } from "./token-versions.ts";
import { pause, persistently } from "./waiting.ts";

type Intent = Extract<JournalRecord, { kind: "intent" }>;
type Answer = Extract<JournalRecord, { kind: "answer" }>;

/** So many records before a position an attempt that ends after it has begun, mostly; where it has not, ever more are read. */
const READ_BACK = 1_000;

/** An attempt as the journal tells it. */
interface Journaled {
  readonly intent: Intent;
  readonly answer: Answer | null;
  /** Where its end is written down, which was after the store had said that it has it; null: not settled. */
  readonly settledAt: JournalPosition | null;
}

/** What takes up a code exchange that a crash cut off: with its raw answer, or (null) without one. */
export type ResumeConsent = (consent: ConsentId, attempt: AttemptId, answer: Answer | null) => Promise<void>;

interface Parts {
  readonly apps: AppDirectory;
  readonly settler: GrantSettler;
  readonly views: GrantViews;
  readonly onScheduled: (dueAtMs: number | null) => void;
  readonly resumeConsent: ResumeConsent;
}

/** How far back, and how long an answer is kept back whose predecessor another node's journal may hold. */
export interface Reach {
  readonly sinceMs: number;
  /** Of this node the store was told up to here: what was settled before is in it. */
  readonly toldPosition: JournalPosition;
  /** On the monotonic clock; 0: nobody is waited for. */
  readonly patientUntilMs: number;
}

/** All that a journal holds, together with what the other nodes put in from theirs. */
export function wholeJournal({ shared, time, limits }: ServiceContext): Reach {
  return { sinceMs: 0, toldPosition: 0, patientUntilMs: shared === null ? 0 : time.monotonicMs() + limits.leaseMs };
}

async function lastMoments({ store, node, provenance, time, limits }: ServiceContext): Promise<Reach> {
  const told = provenance === null ? undefined : await store.nodes.find(node);
  const sinceMs = time.wallMs() - limits.journalReconcileMs;
  return { sinceMs, toldPosition: told?.journalPosition ?? 0, patientUntilMs: 0 };
}

/**
 * I2 durable knowledge, rule 10: at start, every answer that the journal holds and the store may not have goes through the same lease and
 * compare-and-set. What the store had once comes first: later answers build on it.
 * @returns how many answers the store has now that it did not have.
 */
export async function replayJournal(context: ServiceContext, parts: Parts, reach?: Reach): Promise<number> {
  const put = await reconcileJournal(context, parts, reach);
  for (const unsettled of attemptsIn(await context.journal.read()).attempts) {
    if (unsettled.settledAt !== null) continue;
    const { subject } = unsettled.intent;
    if (subject.kind === "consent")
      await parts.resumeConsent(subject.consent, unsettled.intent.attempt, unsettled.answer);
    else if (unsettled.answer !== null)
      await replayAnswer(context, parts, { intent: unsettled.intent, answer: unsettled.answer, patientUntilMs: 0 });
    else await closeIfMovedOn(context, unsettled.intent);
  }
  await context.journal.forgetBefore(context.time.wallMs() - context.limits.journalRetentionMs);
  return put;
}

/**
 * For a store that may have lost its last moments (an asynchronous fail-over): every token that the journal holds and the store has
 * no row of is settled anew, oldest first, also where the store had acknowledged it once. Then every send whose answer is owed.
 * @returns how many tokens the store has now that it did not have.
 */
export async function reconcileJournal(context: ServiceContext, parts: Parts, reach?: Reach): Promise<number> {
  const { sinceMs, toldPosition, patientUntilMs } = reach ?? (await lastMoments(context));
  const unanswered: Sent[] = [];
  let put = 0;
  for (const { intent, answer, settledAt } of await attemptsAfter(context, toldPosition)) {
    if (settledAt !== null && settledAt <= toldPosition) continue;
    if ((answer ?? intent).atMs < sinceMs) continue;
    if (answer === null || !bringsTokens(answer)) {
      unanswered.push({ intent, answer });
      continue;
    }
    if (await isStored(context, intent.attempt)) continue;
    const { subject } = intent;
    if (subject.kind === "consent") await parts.resumeConsent(subject.consent, intent.attempt, answer);
    else await replayAnswer(context, parts, { intent, answer, patientUntilMs });
    // Of a grant that has ended, or has gone on by another consent, none is taken.
    if (await isStored(context, intent.attempt)) put += 1;
  }
  // Last, as each belongs to the token that an answer before it brought.
  await rememberSends(context, parts, unanswered);
  return put;
}

// An attempt that ends after the position may have begun before it, mostly not long before.
async function attemptsAfter({ journal }: ServiceContext, position: JournalPosition): Promise<readonly Journaled[]> {
  for (let back = READ_BACK; ; back *= 8) {
    const from = Math.max(0, position - back);
    const { attempts, tornAt } = attemptsIn(await journal.read(from));
    if (tornAt <= position || from === 0) return attempts;
  }
}

/** The attempts that begin in these records, and the last position that belongs to one which began before them; 0: none does. */
function attemptsIn(entries: readonly JournalEntry[]): {
  readonly attempts: readonly Journaled[];
  readonly tornAt: JournalPosition;
} {
  const attempts = new Map<AttemptId, { -readonly [Member in keyof Journaled]: Journaled[Member] }>();
  let tornAt = 0;
  for (const { position, record } of entries) {
    if (record.kind === "intent") {
      attempts.set(record.attempt, { intent: record, answer: null, settledAt: null });
      continue;
    }
    const known = attempts.get(record.attempt);
    if (known === undefined) tornAt = position;
    // A second answer of one attempt comes from the next client secret: the last one counts.
    else if (record.kind === "answer") known.answer = record;
    else known.settledAt = position;
  }
  return { attempts: [...attempts.values()], tornAt };
}

async function replayAnswer(
  context: ServiceContext,
  parts: Parts,
  replay: { readonly intent: Intent; readonly answer: Answer; readonly patientUntilMs: number },
): Promise<void> {
  const { intent, answer } = replay;
  if (intent.subject.kind !== "grant") return;
  const { grant: id, chain, generation, token } = intent.subject;
  for (;;) {
    const grant = await persistently(context, () => context.store.grants.load(id));
    if (grant === undefined) return;
    const foreign = grant.lease.fence !== intent.fence && isHeld(grant.lease, context.time.wallMs());
    if (foreign) {
      await pause(context, grant.lease.untilMs - context.time.wallMs());
      continue;
    }
    const stored = chainOf(grant.state);
    const isAhead = stored !== null && stored.id === chain && stored.generation < generation;
    if (isAhead && context.time.monotonicMs() < replay.patientUntilMs) {
      await pause(context, context.limits.marginMs / 10);
      continue;
    }
    const app = await parts.apps.get(grant.app);
    const outcome = journaledOutcome(answer, app.provider.errors);
    const expected = { chain, generation };
    await parts.settler.settle({
      grant,
      attempt: intent.attempt,
      expected,
      spent: token,
      fence: intent.fence,
      leaseUntilMs: intent.leaseUntilMs,
      app,
      outcome,
      sentAtMs: intent.atMs,
      receivedAtMs: answer.atMs,
    });
    return;
  }
}

// An intent without an answer is repeated by the schedule; once the grant has moved on, nothing is owed any more.
async function closeIfMovedOn(context: ServiceContext, intent: Intent): Promise<void> {
  if (intent.subject.kind !== "grant") return;
  const grant = await context.store.grants.load(intent.subject.grant);
  if (grant !== undefined && chainOf(grant.state)?.attempt?.id === intent.attempt) return;
  await context.journal.append({ kind: "settled", attempt: intent.attempt, atMs: context.time.wallMs() });
}
