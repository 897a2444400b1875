export const WEBHOOK_CATEGORIES = ["CONTACT", "INVOICE", "CREDITNOTE", "SUBSCRIPTION"] as const;
export type WebhookCategory = (typeof WEBHOOK_CATEGORIES)[number];
export type WebhookEventType = "CREATE" | "UPDATE";

/**
 * `intent-required`: its URL has not yet shown that it tells good signatures from bad; `probing`: it is being asked;
 * `disabled`: it failed for as long as deliveries are repeated.
 */
export type WebhookState = "intent-required" | "probing" | "active" | "disabled";

/** Where an app wants to hear of events; one per app. */
export interface Webhook {
  readonly clientId: string;
  readonly url: string;
  readonly categories: readonly WebhookCategory[];
  /** The signing key is minted again from its label. */
  readonly keyLabel: string;
  readonly state: WebhookState;
  /** When something is to be sent; null: nothing is. */
  readonly nextAttemptAtMs: number | null;
  /** Since when every delivery failed. */
  readonly failingSinceMs: number | null;
  readonly failures: number;
  readonly lastSequence: number;
}

/** Something that happened in an organisation, on its way to one app. */
export interface WebhookEvent {
  readonly id: string;
  readonly clientId: string;
  readonly sequence: number;
  readonly organisationId: string;
  readonly category: WebhookCategory;
  readonly type: WebhookEventType;
  readonly resourceId: string;
  readonly atMs: number;
}
