import type { AppId, NodeId, NoticeName, OutagePromise, QuarantineReason, RecipientId, Secret } from "@evergrant/core";
import type { AppOrigins } from "../ports/app-store.ts";
import type { NodeAuditRecord } from "../ports/audit-store.ts";
import type { Channel, DeliveryStatus, NoticeCounts } from "../ports/notice-store.ts";
import type { Provider } from "../ports/provider.ts";
import type { Callers, Tokens } from "./access.ts";
import type { Backups } from "./backups.ts";
import type { Connections } from "./connecting.ts";
import type { Consents } from "./consenting.ts";
import type { Gateway } from "./gateway.ts";
import type { IdempotentCreates } from "./idempotent-creates.ts";
import type { Imports } from "./importing.ts";
import type { Keys } from "./keys.ts";
import type { OperatorSessions, Operators } from "./operating.ts";
import type { Page, PageAsk } from "./pages.ts";

/**
 * Everything that faces may ask of a keeper. Refusals are thrown as `EvergrantError` with a code of the catalogue.
 * Instants are milliseconds since the epoch on the keeper's own clock.
 */
export interface Keeper {
  readonly tokens: Tokens;
  readonly apps: Apps;
  readonly connections: Connections;
  readonly consents: Consents;
  readonly imports: Imports;
  readonly callers: Callers;
  readonly gateway: Gateway;
  readonly quarantine: Quarantines;
  readonly notices: Notices;
  readonly keys: Keys;
  /** Null where the store cannot be copied. */
  readonly backups: Backups | null;
  readonly audit: Audit;
  readonly operators: Operators;
  readonly sessions: OperatorSessions;
  readonly creates: IdempotentCreates;
  health(): Promise<KeeperHealth>;
  /** What this node has on its hands now. */
  load(): KeeperLoad;
  /** The keeper's wall clock (a followed one runs ahead of the machine's). */
  nowMs(): number;
}

/** All counted over all apps of one node. */
export interface KeeperLoad {
  readonly attemptsInFlight: number;
  /** Grants whose last answer got lost and has not been asked for again. */
  readonly answersOwed: number;
  /** Apps whose provider loses answers: one canary at a time. */
  readonly breakersOpen: number;
  /** Apps of which so many grants were refused at once that no verdict falls. */
  readonly massRefusals: number;
  /** How far the machine's clock is ahead of the time that this node goes by: the store's, or its own from before a leap. */
  readonly machineClockAheadMs: number;
  /** How far the clock of a store that nodes share is behind the time that they go by. */
  readonly storeClockBehindMs: number;
  /** Calls through the gateway that wait for room within the provider's limits. */
  readonly apiCallsWaiting: number;
  /** What is left of each of a provider's limits, as far as this node knows; of limits of organisations, of the one that has least. */
  readonly apiCallsLeft: readonly { readonly app: string; readonly limit: string; readonly left: number }[];
}

/** What happened, by whom: append-only, in one chain of hashes per node. */
export interface Audit {
  /** Newest first. @throws input_invalid for a cursor that no page gave */
  page(from: PageAsk): Promise<AuditPage>;
  /** Every chain from its first record to its end. */
  verify(): Promise<AuditVerification>;
}

export interface AuditPage {
  readonly records: readonly NodeAuditRecord[];
  readonly next: string | null;
}

export interface AuditVerification {
  readonly intact: boolean;
  readonly chains: readonly {
    readonly node: NodeId;
    readonly records: number;
    readonly head: string;
    readonly firstBroken: number | null;
  }[];
}

export interface KeeperHealth extends RefreshHealth {
  /** Valid tokens can be handed out: new ones can be had, or one at least is still good. */
  readonly serving: boolean;
}

export interface RefreshHealth {
  /** New attempts can be started: store and journal take writes, and nothing says that the store was restored or copied. */
  readonly refreshing: boolean;
  readonly detail: string | null;
}

/** For a store that may have been put back from a backup, or be a copy of one in use elsewhere: nothing is spent until somebody says which. */
export interface Quarantines {
  view(): Promise<QuarantineView>;
  /**
   * An operator's word. `restored`: the journals are put into the store, then it goes on. `cloned`: every grant that lives by
   * single-use tokens is left to the original for good. Answers at once; the merging of journals goes on behind.
   * @throws quarantine_not_begun · journal_foreign
   */
  release(as: "restored" | "cloned", by: string): Promise<QuarantineView>;
}

/** Who is told what happens, how far that is, and telling it once more. */
export interface Notices {
  recipients(): Promise<readonly RecipientView[]>;
  /**
   * A webhook's secret is shown this once; it is kept sealed.
   * @throws recipient_address_invalid · recipient_exists · connection_unknown · mail_server_missing
   */
  addRecipient(recipient: NewRecipient): Promise<{ readonly recipient: RecipientView; readonly secret: Secret | null }>;
  /** A further secret, shown this once; posts are signed with it and with the one before. @throws recipient_unknown · recipient_has_no_secret */
  addSecret(id: RecipientId, by: string): Promise<{ readonly secret: Secret }>;
  /** @throws recipient_unknown */
  setDisabled(id: RecipientId, disabled: boolean, by: string): Promise<RecipientView>;
  /** @throws recipient_unknown */
  removeRecipient(id: RecipientId, by: string): Promise<void>;
  /** Newest first. */
  deliveries(status: DeliveryStatus | null, from: PageAsk): Promise<Page<DeliveryView>>;
  /** Sends what was delivered or given up once more: these, or all that were given up. How many there were. */
  replay(which: readonly number[] | "dead", by: string): Promise<number>;
  counts(): Promise<NoticeCounts>;
}

export interface NewRecipient {
  readonly channel: Channel;
  readonly address: string;
  /** Name of the connection that alone it is told of; null: everything. */
  readonly connection: string | null;
  readonly only: readonly NoticeName[] | null;
  readonly by: string;
}

export interface RecipientView {
  readonly id: RecipientId;
  readonly channel: Channel;
  readonly address: string;
  readonly connection: string | null;
  readonly only: readonly NoticeName[] | null;
  readonly secrets: readonly { readonly id: string; readonly addedAtMs: number }[];
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}

export interface DeliveryView {
  readonly id: number;
  readonly notice: NoticeName;
  readonly recipient: RecipientId;
  readonly address: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly atMs: number;
  /** The next try; null where there is none. */
  readonly dueAtMs: number | null;
  readonly error: string | null;
  readonly settledAtMs: number | null;
}

export interface QuarantineView {
  /** `merging`: somebody has spoken, and the journals are being put into the store. */
  readonly state: "none" | "held" | "merging";
  readonly sinceMs: number | null;
  readonly because: readonly { readonly reason: QuarantineReason; readonly found: string }[];
  readonly node: NodeId;
  readonly deployment: string;
  readonly incarnation: number;
  /** The last time that somebody spoke, and the incarnation that it ended. */
  readonly released: { readonly as: "restored" | "cloned"; readonly from: number; readonly atMs: number } | null;
}

export interface Apps {
  add(app: NewApp): Promise<AppView>;
  list(): Promise<readonly AppView[]>;
  /** The list, oldest first. @throws input_invalid for a cursor that no page gave, as all pages do */
  page(from: PageAsk): Promise<Page<AppView>>;
  /** Adds a client secret in front of the others; the older ones stay for as long as they are listed. */
  addSecret(name: string, secret: Secret, by: string): Promise<AppView>;
  /**
   * What is asked for from the next consent on. Tokens in use keep what they were given: connections that lack something show it
   * (`missingScopes`), and their re-consent links act until a person has consented anew.
   */
  setScopes(name: string, scopes: readonly string[], by: string): Promise<AppView>;
  providers(): readonly ProviderView[];
}

type ShownOfProvider = "id" | "displayName" | "kind" | "apiOrigins" | "tenantLocator" | "examplePath";

export interface ProviderView extends Pick<Provider, ShownOfProvider> {
  /** What its policy does not let us promise. */
  readonly cannotPromise: readonly string[];
  /** What each kind of outage would cost. */
  readonly outages: readonly OutagePromise[];
  /** Facts that are used though no source says all of them. */
  readonly unconfirmed: readonly string[];
}

export interface NewApp {
  readonly name: string;
  readonly provider: string;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  /** Null: the provider's default scopes. */
  readonly scopes: readonly string[] | null;
  readonly origins: AppOrigins | null;
  readonly by: string;
}

export interface AppView {
  readonly id: AppId;
  readonly name: string;
  readonly provider: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly origins: AppOrigins | null;
  readonly clientSecrets: readonly { readonly id: string; readonly addedAtMs: number }[];
  /** To be registered at the provider, character for character. */
  readonly redirectUri: string;
  readonly createdAtMs: number;
}
