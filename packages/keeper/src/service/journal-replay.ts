import { type AttemptId, type ConsentId, chainOf, classify, isHeld } from "@evergrant/core";
import type { JournalRecord } from "../ports/journal.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { GrantSettler } from "./grant-settler.ts";
import type { ServiceContext } from "./service-context.ts";
import { versionOf } from "./token-versions.ts";
import { pause } from "./waiting.ts";

type Intent = Extract<JournalRecord, { kind: "intent" }>;
type Answer = Extract<JournalRecord, { kind: "answer" }>;

/** An attempt as the journal tells it. */
interface Journaled {
  readonly intent: Intent;
  readonly answer: Answer | null;
  readonly settled: boolean;
}

/** What takes up a code exchange that a crash cut off: with its raw answer, or (null) without one. */
export type ResumeConsent = (consent: ConsentId, attempt: AttemptId, answer: Answer | null) => Promise<void>;

interface Parts {
  readonly apps: AppDirectory;
  readonly settler: GrantSettler;
}

/** I2 durable knowledge, rule 10: at start, every answer that the journal holds and the store may not have goes through the same lease and compare-and-set. */
export async function replayJournal(
  context: ServiceContext,
  parts: Parts & { readonly resumeConsent: ResumeConsent },
): Promise<void> {
  for (const unsettled of attemptsIn(await context.journal.read())) {
    if (unsettled.settled) continue;
    const { subject } = unsettled.intent;
    if (subject.kind === "consent")
      await parts.resumeConsent(subject.consent, unsettled.intent.attempt, unsettled.answer);
    else if (unsettled.answer !== null)
      await replayAnswer(context, parts, { intent: unsettled.intent, answer: unsettled.answer });
    else await closeIfMovedOn(context, unsettled.intent);
  }
  await reconcileJournal(context, parts);
  await context.journal.forgetBefore(context.time.wallMs() - context.limits.journalRetentionMs);
}

/**
 * For a store that may have lost its last moments (an asynchronous fail-over): every token that the journal holds and the store has
 * no row of is settled anew, oldest first, also where the store had acknowledged it once.
 */
export async function reconcileJournal(context: ServiceContext, parts: Parts): Promise<void> {
  const sinceMs = context.time.wallMs() - context.limits.journalReconcileMs;
  for (const { intent, answer } of attemptsIn(await context.journal.read())) {
    if (answer === null || answer.atMs < sinceMs || answer.status >= 300 || intent.subject.kind !== "grant") continue;
    if ((await context.store.grants.token(versionOf(intent.attempt))) !== undefined) continue;
    await replayAnswer(context, parts, { intent, answer });
  }
}

function attemptsIn(entries: readonly { readonly record: JournalRecord }[]): readonly Journaled[] {
  const attempts = new Map<AttemptId, Journaled>();
  for (const { record } of entries) {
    const known = attempts.get(record.attempt);
    switch (record.kind) {
      case "intent":
        attempts.set(record.attempt, { intent: record, answer: null, settled: false });
        break;
      case "answer":
        // A second answer of one attempt comes from the next client secret: the last one counts.
        if (known !== undefined) attempts.set(record.attempt, { ...known, answer: record });
        break;
      case "settled":
        if (known !== undefined) attempts.set(record.attempt, { ...known, settled: true });
        break;
    }
  }
  return [...attempts.values()];
}

async function replayAnswer(
  context: ServiceContext,
  parts: Parts,
  { intent, answer }: { readonly intent: Intent; readonly answer: Answer },
): Promise<void> {
  if (intent.subject.kind !== "grant") return;
  const { grant: id, chain, generation, token } = intent.subject;
  for (;;) {
    const grant = await context.store.grants.load(id);
    if (grant === undefined) return;
    const foreign = grant.lease.fence !== intent.fence && isHeld(grant.lease, context.time.wallMs());
    if (foreign) {
      await pause(context, grant.lease.untilMs - context.time.wallMs());
      continue;
    }
    const app = await parts.apps.get(grant.app);
    const outcome = classify(
      { kind: "answered", status: answer.status, body: answer.body, retryAfterMs: null, serverDateMs: null },
      app.provider.errors,
    );
    const expected = { chain, generation };
    await parts.settler.settle({
      grant,
      attempt: intent.attempt,
      expected,
      spent: token,
      fence: intent.fence,
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
