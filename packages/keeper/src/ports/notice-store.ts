import type { ConnectionId, Matter, NoticeName, RecipientId } from "@evergrant/core";
import type { NoticeEntry, Records } from "./records.ts";
import type { Sealed, WrappedKey } from "./sealer.ts";

export const CHANNELS = ["email", "webhook"] as const;
/** How somebody is told. */
export type Channel = (typeof CHANNELS)[number];

/** Whoever is told: a mail address, or a URL that takes signed posts. */
export interface StoredRecipient {
  readonly id: RecipientId;
  readonly channel: Channel;
  /** A mail address, or an absolute URL. */
  readonly address: string;
  /** Told only what concerns this connection; null: everything. */
  readonly connection: ConnectionId | null;
  /** Told only these; null: all. */
  readonly only: readonly NoticeName[] | null;
  /** Seals the secrets; a mail address has none. */
  readonly dataKey: WrappedKey | null;
  /** What posts are signed with, newest first; more than one while a secret is being replaced. */
  readonly secrets: readonly { readonly id: string; readonly sealed: Sealed; readonly addedAtMs: number }[];
  /** Takes no more notices: switched off by an operator, or gone by its own word. */
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}

/** A notice as it stands in the outbox. */
export interface OutboxNotice extends NoticeEntry {
  readonly sequence: number;
}

/** `waiting`: to be tried again. `dead`: given up, until an operator replays it. */
export type DeliveryStatus = "waiting" | "delivered" | "dead";

/** One notice on its way to one recipient. */
export interface Delivery {
  readonly id: number;
  readonly recipient: RecipientId;
  readonly notice: OutboxNotice;
  /** As which notice it is told. */
  readonly told: NoticeName;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** When it was first to go out, counted anew by a replay. */
  readonly sinceMs: number;
  readonly dueAtMs: number;
  /** Why the last try brought nothing; null where none failed. */
  readonly error: string | null;
  readonly settledAtMs: number | null;
}

/** Whom a notice goes to, and which matters it opens and closes. */
export interface Distribution {
  readonly tell: NoticeName | null;
  readonly recipients: readonly RecipientId[];
  readonly opens: Matter | null;
  readonly closes: readonly string[];
}

/** The right to bring one recipient what waits for it, for a time. */
export interface Turn {
  readonly recipient: StoredRecipient;
  /** Tells this turn from a later one of the same recipient. */
  readonly number: number;
  /** When something was last brought to it; null before the first. */
  readonly lastSentAtMs: number | null;
  /** All that waits, oldest first, due or not, no more than asked. */
  readonly waiting: readonly Delivery[];
}

export interface TurnEnd {
  readonly recipient: RecipientId;
  readonly number: number;
  readonly results: readonly DeliveryResult[];
  /** Null where nothing was brought. */
  readonly sentAtMs: number | null;
  /** Nothing more goes there before. */
  readonly notBeforeMs: number;
  readonly disabledAtMs: number | null;
}

export interface DeliveryResult {
  readonly id: number;
  readonly status: DeliveryStatus;
  readonly dueAtMs: number;
  readonly error: string | null;
  readonly atMs: number;
}

export interface NoticeCounts {
  /** In the outbox, not yet distributed. */
  readonly undistributed: number;
  readonly waiting: number;
  readonly dead: number;
  /** When the oldest waiting delivery was first to go out; null where none waits. */
  readonly oldestWaitingSinceMs: number | null;
}

/** Who is told what, and how far that is. What is written with a change comes by `Records`, and stands in the audit store's outbox. */
export interface NoticeStore {
  recipients(): Promise<readonly StoredRecipient[]>;
  /** `exists` where this channel, address and connection have one already; nothing is written then. */
  createRecipient(recipient: StoredRecipient, records: Records): Promise<"created" | "exists">;
  /** Undefined where there is no such recipient. */
  changeRecipient(
    id: RecipientId,
    decide: (recipient: StoredRecipient) => { readonly recipient: StoredRecipient; readonly records: Records },
  ): Promise<StoredRecipient | undefined>;
  /** With everything that waits for it. False where there is none. */
  removeRecipient(id: RecipientId, records: Records): Promise<boolean>;
  /**
   * Takes notices out of the outbox and says who gets them, in the order given: one transaction, one node at a time. `decide` sees
   * the open matters of the notice's groups as those before it left them. What another node took is passed over, and while another
   * distributes nothing is done. How many were taken.
   */
  distribute(
    notices: readonly { readonly sequence: number; readonly groups: readonly string[] }[],
    decide: (sequence: number, open: readonly Matter[]) => Distribution,
    nowMs: number,
  ): Promise<number>;
  /** The turn of a recipient for whom something is due, on one of these channels, until `untilMs`; null where there is none. */
  takeTurn(
    channels: readonly Channel[],
    nowMs: number,
    more: { readonly untilMs: number; readonly limit: number },
  ): Promise<Turn | null>;
  /** Writes what became of a turn. Results count also where the turn had passed to another. */
  endTurn(end: TurnEnd): Promise<void>;
  /** When the next turn is due; null when nothing waits on these channels. */
  nextTurnMs(channels: readonly Channel[]): Promise<number | null>;
  /** Newest first; those before this id, where one is given. */
  deliveries(status: DeliveryStatus | null, limit: number, beforeId?: number): Promise<readonly Delivery[]>;
  /** Sends these once more, whatever became of them; how many there were. */
  replay(ids: readonly number[], nowMs: number, records: Records): Promise<number>;
  counts(): Promise<NoticeCounts>;
  /** Drops what was delivered or given up before, and notices that nothing waits of. */
  forgetBefore(atMs: number): Promise<void>;
}
