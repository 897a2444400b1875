import type { LedgerView } from "./ledger.ts";
import type { Turn } from "./turn.ts";
import type { Webhook, WebhookCategory, WebhookEvent, WebhookEventType } from "./webhook-rows.ts";

/** Where an app wants to hear of events. A new or changed URL has to show first that it checks signatures. */
export function setWebhook(
  turn: Turn,
  clientId: string,
  wanted: { readonly url: string; readonly categories: readonly WebhookCategory[] },
): Webhook {
  const old = turn.draft.get("webhooks", clientId);
  const moved = old?.url !== wanted.url;
  const webhook: Webhook = {
    clientId,
    url: wanted.url,
    categories: wanted.categories,
    keyLabel: old?.keyLabel ?? turn.label("webhook-key"),
    state: old === undefined || moved ? "intent-required" : old.state,
    nextAttemptAtMs: moved ? null : (old?.nextAttemptAtMs ?? null),
    failingSinceMs: moved ? null : (old?.failingSinceMs ?? null),
    failures: moved ? 0 : (old?.failures ?? 0),
    lastSequence: old?.lastSequence ?? 0,
  };
  turn.draft.put("webhooks", clientId, webhook);
  return webhook;
}

/** Takes the webhook away with all it still had to send. */
export function removeWebhook(turn: Turn, clientId: string): boolean {
  if (turn.draft.get("webhooks", clientId) === undefined) return false;
  dropEvents(turn, clientId, Number.MAX_SAFE_INTEGER);
  turn.draft.remove("webhooks", clientId);
  return true;
}

/** Starts the intent to receive: probes go out at once. */
export function probeWebhook(turn: Turn, clientId: string): Webhook | null {
  const webhook = turn.draft.get("webhooks", clientId);
  if (webhook === undefined) return null;
  const probing: Webhook = {
    ...webhook,
    state: "probing",
    nextAttemptAtMs: turn.nowMs,
    failingSinceMs: null,
    failures: 0,
  };
  turn.draft.put("webhooks", clientId, probing);
  return probing;
}

/** The probes were answered: all as they should be, or not. */
export function probesAnswered(turn: Turn, clientId: string, asTheyShould: boolean): void {
  const webhook = turn.draft.get("webhooks", clientId);
  if (webhook?.state !== "probing") return;
  const state = asTheyShould ? "active" : "intent-required";
  // What was on its way to the former URL goes to the new one.
  const nextAttemptAtMs = asTheyShould && dueEvents(turn.draft, clientId).length > 0 ? turn.nowMs : null;
  turn.draft.put("webhooks", clientId, { ...webhook, state, nextAttemptAtMs });
}

/** Something that happened to a resource in an organisation. */
export interface BusinessEvent {
  readonly organisationId: string;
  readonly category: WebhookCategory;
  readonly type: WebhookEventType;
  readonly resourceId: string;
}

/**
 * Tells every app that is connected to the organisation and wants to hear of it. Part of the transaction that makes the change:
 * what is rolled back is not told. Gives the number of apps.
 */
export function emitEvent(turn: Turn, event: BusinessEvent): number {
  const hearing = [...turn.draft.all("webhooks")].filter(
    (webhook) =>
      webhook.state === "active" &&
      webhook.categories.includes(event.category) &&
      isConnected(turn, webhook.clientId, event.organisationId),
  );
  for (const webhook of hearing) queue(turn, webhook, event);
  return hearing.length;
}

/** The events of one app that are due, oldest first, as many as go into one delivery. */
export function dueEvents(view: LedgerView, clientId: string): readonly WebhookEvent[] {
  return [...view.all("webhookEvents")]
    .filter((event) => event.clientId === clientId)
    .sort((a, b) => a.sequence - b.sequence)
    .slice(0, mostPerDelivery);
}

/** A delivery up to an event was answered: it is done, or repeated later and later, or given up. */
export function deliveryAnswered(
  turn: Turn,
  clientId: string,
  answer: { readonly ok: boolean; readonly lastSequence: number },
): void {
  const webhook = turn.draft.get("webhooks", clientId);
  if (webhook?.state !== "active") return;
  if (answer.ok) {
    dropEvents(turn, clientId, answer.lastSequence);
    const nextAttemptAtMs = dueEvents(turn.draft, clientId).length > 0 ? turn.nowMs : null;
    turn.draft.put("webhooks", clientId, { ...webhook, nextAttemptAtMs, failingSinceMs: null, failures: 0 });
    return;
  }
  const failingSinceMs = webhook.failingSinceMs ?? turn.nowMs;
  const endMs = failingSinceMs + turn.switches["webhook.retry_window_seconds"] * 1000;
  if (turn.nowMs >= endMs) {
    dropEvents(turn, clientId, Number.MAX_SAFE_INTEGER);
    turn.draft.put("webhooks", clientId, { ...webhook, state: "disabled", nextAttemptAtMs: null, failingSinceMs });
    return;
  }
  const failures = webhook.failures + 1;
  const pauseMs = Math.min(turn.switches["webhook.retry_first_seconds"] * 1000 * 2 ** (failures - 1), longestPauseMs);
  const nextAttemptAtMs = Math.min(turn.nowMs + pauseMs, endMs);
  turn.draft.put("webhooks", clientId, { ...webhook, failingSinceMs, failures, nextAttemptAtMs });
}

const mostPerDelivery = 100;
const longestPauseMs = 4 * 3_600_000;

function queue(turn: Turn, webhook: Webhook, event: BusinessEvent): void {
  const sequence = webhook.lastSequence + 1;
  const row = {
    ...event,
    id: turn.mint.uuid(turn.label("webhook-event")),
    clientId: webhook.clientId,
    sequence,
    atMs: turn.nowMs,
  };
  turn.draft.put("webhookEvents", row.id, row);
  const nextAttemptAtMs = webhook.nextAttemptAtMs ?? turn.nowMs;
  turn.draft.put("webhooks", webhook.clientId, { ...webhook, lastSequence: sequence, nextAttemptAtMs });
}

function dropEvents(turn: Turn, clientId: string, upTo: number): void {
  for (const event of [...turn.draft.all("webhookEvents")])
    if (event.clientId === clientId && event.sequence <= upTo) turn.draft.remove("webhookEvents", event.id);
}

function isConnected(turn: Turn, clientId: string, organisationId: string): boolean {
  const app = turn.draft.get("apps", clientId);
  if (app?.kind === "custom-connection")
    return app.custom.state === "active" && app.custom.organisationId === organisationId;
  return [...turn.draft.all("connections")].some(
    (connection) =>
      connection.endedAtMs === null && connection.clientId === clientId && connection.tenantId === organisationId,
  );
}
