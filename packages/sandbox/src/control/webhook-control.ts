import {
  emitEvent,
  probeWebhook,
  removeWebhook,
  setWebhook,
  type Turn,
  type Webhook,
  type WebhookCategory,
  type WebhookState,
} from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import { isLoopbackUrl } from "../webhooks/loopback.ts";
import { appOf } from "./app-control.ts";
import { type EmitEventInput, inputs, type SetWebhookInput } from "./inputs.ts";
import { parseInput } from "./parse-input.ts";

export interface WebhookView {
  readonly clientId: string;
  readonly url: string;
  readonly categories: readonly WebhookCategory[];
  readonly state: WebhookState;
  /** Signs every post: HMAC-SHA-256. */
  readonly key: string;
  readonly nextAttemptAtMs: number | null;
  readonly failures: number;
  /** Events that wait for delivery. */
  readonly waiting: number;
}

export interface WebhookControl {
  webhooks(): readonly WebhookView[];
  /** Where an app wants to hear of events: loopback only. A new URL has to pass the intent to receive first. */
  setWebhook(clientId: string, input: SetWebhookInput): WebhookView;
  removeWebhook(clientId: string): void;
  /** Sends the intent to receive: four posts, two of them wrongly signed. */
  sendIntentToReceive(clientId: string): WebhookView;
  /** Tells the apps that are connected to an organisation of something that happened there. */
  emitEvent(input: EmitEventInput): { readonly apps: number };
}

/** The part of the control API that is about webhooks. */
export function createWebhookControl(inTurn: <R>(work: (turn: Turn) => R) => R): WebhookControl {
  return {
    webhooks: () => inTurn((turn) => [...turn.draft.all("webhooks")].map((webhook) => webhookView(turn, webhook))),
    setWebhook: (clientId, input) => inTurn((turn) => set(turn, clientId, input)),
    removeWebhook: (clientId) =>
      inTurn((turn) => {
        if (!removeWebhook(turn, appOf(turn, clientId).clientId)) throw new SandboxError("not_found", noWebhook);
      }),
    sendIntentToReceive: (clientId) =>
      inTurn((turn) => {
        const webhook = probeWebhook(turn, appOf(turn, clientId).clientId);
        if (webhook === null) throw new SandboxError("not_found", noWebhook);
        return webhookView(turn, webhook);
      }),
    emitEvent: (input) =>
      inTurn((turn) => {
        const event = parseInput(inputs.emitEvent, input);
        if (turn.draft.get("organisations", event.organisationId) === undefined)
          throw new SandboxError("not_found", "There is no organisation with that id.");
        return { apps: emitEvent(turn, event) };
      }),
  };
}

const noWebhook = "The app has no webhook. Give it a URL first.";

function set(turn: Turn, clientId: string, input: SetWebhookInput): WebhookView {
  const { url, categories } = parseInput(inputs.setWebhook, input);
  const app = appOf(turn, clientId);
  if (!isLoopbackUrl(url))
    throw new SandboxError(
      "webhook_url_refused",
      "The sandbox sends webhooks to this machine only: use http or https with localhost, 127.0.0.1 or [::1].",
    );
  return webhookView(turn, setWebhook(turn, app.clientId, { url, categories: [...new Set(categories)] }));
}

function webhookView(turn: Turn, webhook: Webhook): WebhookView {
  const { clientId, url, categories, state, nextAttemptAtMs, failures } = webhook;
  const waiting = [...turn.draft.all("webhookEvents")].filter((event) => event.clientId === clientId).length;
  return {
    clientId,
    url,
    categories,
    state,
    key: turn.mint.secret(webhook.keyLabel),
    nextAttemptAtMs,
    failures,
    waiting,
  };
}
