/** What an organisation pays for one Custom Connection; demo companies need none. */
export interface Purchase {
  readonly clientId: string;
  readonly organisationId: string;
  readonly boughtByUserId: string;
  readonly boughtAtMs: number;
  /** When the subscription ended. */
  readonly endedAtMs: number | null;
}

/** What became of a consent link; only one thing ever does. */
export type ConsentLinkEnd = "allowed" | "declined" | "replaced";

/** The link that the authorising user of a Custom Connection got by mail. */
export interface ConsentLink {
  readonly hash: string;
  readonly clientId: string;
  readonly userId: string;
  readonly sentAtMs: number;
  /** null: it holds until it is used or replaced. */
  readonly expiresAtMs: number | null;
  readonly end: { readonly as: ConsentLinkEnd; readonly atMs: number } | null;
}

export type MailDelivery =
  | { readonly kind: "waiting" }
  /** No mail server is set: the outbox is where it can be read. */
  | { readonly kind: "kept" }
  | { readonly kind: "sent"; readonly atMs: number }
  | { readonly kind: "failed"; readonly because: string };

/** A mail that asks the authorising user for consent. The link is minted again from its label: the link itself is never kept. */
export interface Mail {
  readonly id: string;
  readonly to: string;
  readonly clientId: string;
  readonly linkLabel: string;
  readonly linkHash: string;
  readonly atMs: number;
  readonly delivery: MailDelivery;
}
