import type { Secret } from "@evergrant/core";

/** What became of something that was to be brought to somebody outside. */
export type Sent =
  | { readonly kind: "sent" }
  /** Not taken, but perhaps the next time; the reason holds no secret. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Never to be taken as it is. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Whoever was there says that nothing is wanted there any more. */
  | { readonly kind: "gone"; readonly reason: string };

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The left half of its Message-ID: the same when it is sent once more. */
  readonly id: string;
}

/** Sends mails; never throws. */
export interface Mailer {
  send(mail: Mail): Promise<Sent>;
  close(): Promise<void>;
}

export interface WebhookPost {
  readonly url: string;
  /** The same when it is sent once more: receivers tell repeats by it. */
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
  /** It is signed with each of them, newest first. */
  readonly secrets: readonly Secret[];
}

/** Posts to addresses that operators named; never throws. */
export interface WebhookSender {
  post(post: WebhookPost): Promise<Sent>;
  close(): Promise<void>;
}

/** The ways out of a node; a null one it does not have. */
export interface NoticeChannels {
  readonly mailer: Mailer | null;
  readonly webhooks: WebhookSender | null;
}
