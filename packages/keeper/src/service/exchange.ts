import { type AttemptId, classify, type Ending, type Outcome, type Secret } from "@evergrant/core";
import type { JournalSubject } from "../ports/journal.ts";
import type { PointSubject } from "../ports/points.ts";
import type { PinnedOrigins, ResolvedEndpoints } from "../ports/provider.ts";
import type { TokenGrant } from "../ports/token-endpoint.ts";
import type { App } from "./app-directory.ts";
import { atHome } from "./homes.ts";
import type { ServiceContext } from "./service-context.ts";

/** One attempt at a token endpoint, whose intent the store already has. */
export interface Exchange {
  readonly attempt: AttemptId;
  readonly subject: JournalSubject;
  readonly point: PointSubject;
  readonly app: App;
  /** Where this grant's token endpoint lies; null: not known, and then nothing is sent. */
  readonly pinned: () => Promise<PinnedOrigins | null>;
  readonly grant: TokenGrant;
  /** The single-use value that is spent, for the journal. */
  readonly spends: Secret | null;
  readonly fence: number;
  readonly leaseUntilMs: number;
  /** The instants at which the intent was asked for, on both clocks. */
  readonly begun: { readonly wallMs: number; readonly monotonicMs: number };
  /** Whether the lease is still ours; asked when the intent is no longer young. */
  readonly stillMine: () => Promise<boolean>;
}

/**
 * I5 write-ahead: intent into the journal, send, raw answer into the journal, and only then read it. Never throws: what happened is the outcome.
 * Rules 3 to 6 of the refresh protocol.
 */
export async function exchange(context: ServiceContext, work: Exchange): Promise<Outcome> {
  const outcome = await attempt(context, work);
  const { provider } = work.app;
  const grant = work.grant.kind.replaceAll("_", "-") as "refresh-token" | "client-credentials" | "authorization-code";
  const tookMs = Math.max(0, context.time.monotonicMs() - work.begun.monotonicMs);
  context.observe?.({ kind: "attempt", provider: provider.id, grant, outcome: outcome.kind, tookMs });
  return outcome;
}

async function attempt(context: ServiceContext, work: Exchange): Promise<Outcome> {
  try {
    const { attempt, subject, fence, leaseUntilMs, spends } = work;
    await context.journal.append({
      kind: "intent",
      attempt,
      subject,
      fence,
      leaseUntilMs,
      spends,
      atMs: context.time.wallMs(),
    });
  } catch (error) {
    context.report({ what: "journal", subject: work.attempt, error });
    return { kind: "not-executed", reason: "the journal cannot be written", retryAfterMs: null };
  }
  context.reached("intent-journaled", work.point);
  let outcome: Outcome = { kind: "not-executed", reason: "no client secret", retryAfterMs: null };
  for (const secret of work.app.secrets()) {
    const stop = (await context.gate.whyNotSpend()) ?? (await whyNotSend(context, work));
    if (stop !== null) return { kind: "not-executed", reason: stop, retryAfterMs: null };
    outcome = await sendOnce(context, work, secret);
    // A wrong client secret is refused before anything is done: the next of the list may be the right one.
    if (outcome.kind !== "app-error" || outcome.error !== "invalid_client") break;
  }
  return outcome;
}

async function sendOnce(context: ServiceContext, work: Exchange, clientSecret: Secret | null): Promise<Outcome> {
  const { stored, provider } = work.app;
  const endpoints = await endpointsOf(work);
  if (endpoints === null)
    return { kind: "not-executed", reason: "the token endpoint is not known", retryAfterMs: null };
  const request = {
    url: endpoints.token,
    clientId: stored.clientId,
    clientSecret,
    clientAuthentication: endpoints.clientAuthentication ?? provider.clientAuthentication,
    grant: work.grant,
    timeoutMs: context.limits.requestTimeoutMs,
  };
  const ending = await context.tokenEndpoint.send(request, () => context.reached("sent", work.point));
  context.reached("received", work.point);
  // I6 never discard: on disk before anybody reads it.
  await journalAnswer(context, work, ending);
  return classify(ending, provider.errors);
}

async function endpointsOf({ app, pinned }: Exchange): Promise<ResolvedEndpoints | null> {
  try {
    const endpoints = await app.endpoints();
    const at = await pinned();
    return at === null ? null : atHome(endpoints, at);
  } catch {
    return null;
  }
}

async function journalAnswer(context: ServiceContext, work: Exchange, ending: Ending): Promise<void> {
  if (ending.kind === "broken") return;
  try {
    const { attempt, subject } = work;
    const { status, body } = ending;
    await context.journal.append({ kind: "answer", attempt, subject, status, body, atMs: context.time.wallMs() });
  } catch (error) {
    // The answer is in memory and the store may still take it: going on is the best that can be done for it.
    context.report({ what: "journal", subject: work.attempt, error });
    return;
  }
  context.reached("journaled", work.point);
}

// I4 single spender, rule 4: a request may not outlive its lease, a woken process must not trust what it remembers.
async function whyNotSend(context: ServiceContext, work: Exchange): Promise<string | null> {
  const timing = work.app.timing;
  const elapsedMs = context.time.monotonicMs() - work.begun.monotonicMs;
  if (elapsedMs >= timing.sendDeadlineMs) return "the lease has too little time left";
  const wallElapsedMs = context.time.wallMs() - work.begun.wallMs;
  const hasJumped = Math.abs(wallElapsedMs - elapsedMs) > timing.limits.clockSkewMs;
  if (hasJumped || !context.clock.isSure) return "the clock jumped";
  if (elapsedMs <= timing.limits.marginMs / 5) return null;
  return (await work.stillMine()) ? null : "the lease is no longer ours";
}
