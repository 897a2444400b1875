import { chainOf, type Expected } from "@evergrant/core";
import type { GrantChange, StoredGrant } from "../ports/grant-store.ts";
import type { JournalRecord } from "../ports/journal.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { changeBy, type View } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { journaledOutcome } from "./journaled-outcome.ts";
import type { ServiceContext } from "./service-context.ts";
import { pause, persistently, untilStored } from "./waiting.ts";

type Intent = Extract<JournalRecord, { kind: "intent" }>;

/** A send of which the journal knows no token that came back. */
export interface Sent {
  readonly intent: Intent;
  readonly answer: Extract<JournalRecord, { kind: "answer" }> | null;
}

interface Parts {
  readonly apps: AppDirectory;
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
  const { subject, fence } = sent.intent;
  if (subject.kind !== "grant" || subject.token === null) return;
  for (;;) {
    const grant = await persistently(context, () => context.store.grants.load(subject.grant));
    if (grant === undefined || standing(grant, subject) === "moved-on") return;
    if (standing(grant, subject) === "behind") {
      // The answer that brought this token lies in another node's journal.
      if (context.time.monotonicMs() >= patientUntilMs) return;
      await pause(context, context.limits.marginMs / 10);
      continue;
    }
    if (!isForgotten(grant, fence)) return;
    const app = await parts.apps.get(grant.app);
    if (isWithoutEffect(sent, app)) return;
    const dueAtMs = await untilStored(context, grant.id, () =>
      context.store.grants.change(grant.id, (current, storeNowMs) => {
        const view = parts.views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs });
        const change = isForgotten(current, fence) ? remembering(context, current, sent, { app, view }) : null;
        return { change, result: change === null ? current.dueAtMs : change.dueAtMs };
      }),
    );
    parts.onScheduled(dueAtMs ?? null);
    return;
  }
}

function standing(grant: StoredGrant, { chain, generation }: Expected): "here" | "behind" | "moved-on" {
  const stored = chainOf(grant.state);
  if (stored === null || stored.id !== chain || stored.generation > generation) return "moved-on";
  return stored.generation < generation ? "behind" : "here";
}

function remembering(
  context: ServiceContext,
  current: StoredGrant,
  { intent, answer }: Sent,
  { app, view }: { readonly app: App; readonly view: View },
): GrantChange | null {
  const { attempt, subject, fence, leaseUntilMs, atMs } = intent;
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
      // I4 single spender: what went out may still be on its way.
      lease: { fence, owner: context.owner, untilMs: Math.max(leaseUntilMs, current.lease.untilMs) },
    },
  );
}

// Each intent takes the next fence: a store that has this one, or a later one, has the intent.
function isForgotten(grant: StoredGrant, fence: number): boolean {
  return grant.lease.fence < fence;
}

// What the provider refused it did not execute. No answer at all may be anything.
function isWithoutEffect({ answer }: Sent, app: App): boolean {
  return answer !== null && journaledOutcome(answer, app.provider.errors).kind !== "ambiguous";
}
