import type {
  AppId,
  ConnectionId,
  NodeId,
  NoticeName,
  OutagePromise,
  QuarantineReason,
  RecipientId,
  Secret,
  WarmHours,
} from "@evergrant/core";
import type { AppOrigins } from "../ports/app-store.ts";
import type { NodeAuditRecord } from "../ports/audit-store.ts";
import type { ConnectionTenant, ReachedTenant } from "../ports/connection-store.ts";
import type { Channel, DeliveryStatus, NoticeCounts } from "../ports/notice-store.ts";
import type { Provider } from "../ports/provider.ts";
import type { Callers, Tokens } from "./access.ts";
import type { Backups } from "./backups.ts";
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

export interface Connections {
  create(connection: NewConnection): Promise<ConnectionView>;
  /** Oldest first; at most so many, where that is said. */
  list(limit?: number): Promise<readonly ConnectionView[]>;
  /** The list, oldest first. */
  page(from: PageAsk): Promise<Page<ConnectionView>>;
  byName(name: string): Promise<ConnectionView>;
  /** From memory, for the hot path: undefined when there is none. */
  idOf(name: string): ConnectionId | undefined;
  setDisabled(name: string, disabled: boolean, by: string): Promise<ConnectionView>;
  /** What `remove` and `revoke` would end. Changes nothing. */
  removal(name: string): Promise<RemovalPlan>;
  /**
   * Revokes the grant that this connection stands on, and with it every connection on it; they stay, and can be consented to again.
   * `connections`: those that whoever asks has seen listed and agrees to end.
   * @throws revocation_changed · consent_required where nothing was granted
   */
  revoke(name: string, agreed: { readonly connections: readonly string[]; readonly by: string }): Promise<RevokedGrant>;
  /**
   * When a token is kept ready though nobody asks; null: only while somebody uses it.
   * @throws connection_unknown · warm_hours_invalid
   */
  setWarm(name: string, warm: WarmHours | null, by: string): Promise<ConnectionView>;
  /**
   * Erases the grant that this connection stands on, and every connection on it: its key is destroyed, so that nothing kept of it opens.
   * The provider is told first, unless that is not wanted. May be repeated.
   * @throws connection_unknown · revocation_changed
   */
  erase(name: string, ask: ErasureAsk): Promise<ErasedGrant>;
  /** Takes the connection away at the provider; the grant is revoked only with its last connection. */
  remove(name: string, by: string): Promise<RemovedConnection>;
  /** Looks at the provider's list of tenants now. */
  checkHealth(name: string): Promise<ConnectionView>;
  /** The story of the last attempts, what happens next, and when. */
  story(name: string, limit: number): Promise<Story>;
}

export interface NewConnection {
  readonly name: string;
  readonly app: string;
  /** Tenant id or name that the consent must bring; null: ask the initiator. */
  readonly expectedTenant: string | null;
  readonly by: string;
}

export interface ErasureAsk {
  /** Those that whoever asks has seen listed and agrees to erase. */
  readonly connections: readonly string[];
  /** Whether to revoke it at the provider before. */
  readonly revoke: boolean;
  readonly by: string;
}

export interface ErasedGrant {
  readonly connections: readonly string[];
  /** The provider said so. */
  readonly revoked: boolean;
  /** Each node's journal; one that is not clean yet is when that node next looks, or starts. */
  readonly journals: readonly { readonly node: NodeId; readonly erased: boolean }[];
  /** What was not reached, and how it ends. */
  readonly left: readonly {
    readonly where: "backups" | "callers" | "provider" | "audit" | "disks";
    readonly what: string;
  }[];
}

export interface RemovedConnection {
  /** Tenants disconnected at the provider. */
  readonly disconnected: readonly string[];
  /** Connections that still stand on the same grant. */
  readonly remaining: readonly string[];
  readonly grantRevoked: boolean;
}

/** Two ways to end something, each with what dies by it. Names alone: for people to read. */
export interface RemovalPlan {
  readonly connection: string;
  readonly disconnect: {
    /** Disconnected at the provider. */
    readonly tenants: readonly string[];
    /** Left connected, because other connections of the grant need them. */
    readonly keptTenants: readonly string[];
    readonly connections: readonly string[];
    readonly remaining: readonly string[];
    /** Callers that lose a connection. */
    readonly callers: readonly string[];
    readonly grantRevoked: boolean;
  };
  /** Null where nobody has consented. */
  readonly revoke: {
    /** Known ones; a provider ends what the person connected to the app and is not listed here as well. */
    readonly tenants: readonly string[];
    readonly connections: readonly string[];
    readonly callers: readonly string[];
    /** Consents to the same grant that wait for a decision: their tokens die too. */
    readonly waitingConsents: number;
  } | null;
}

export interface RevokedGrant {
  readonly connections: readonly string[];
  /** The provider said so. False where it has no revocation, or could not be reached: the grant is never used again all the same. */
  readonly confirmed: boolean;
}

/** `awaiting-consent`: never consented. `consent-held`: consented, an operator must say yes or no. `suspected`: refused, the court sits. */
export type ConnectionStatus =
  | "awaiting-consent"
  | "consent-held"
  | "connected"
  | "suspected"
  | "consent-needed"
  | "tenant-gone"
  | "disabled"
  | "ended";

export interface ConnectionView {
  readonly id: ConnectionId;
  readonly name: string;
  readonly app: string;
  readonly provider: string;
  readonly kind: "authorization_code" | "client_credentials";
  readonly status: ConnectionStatus;
  readonly subject: string | null;
  readonly tenants: readonly ConnectionTenant[];
  readonly expectedTenant: string | null;
  /** Organisations of no connection that the token reaches all the same, as the provider lists them. */
  readonly alsoReached: readonly ReachedTenant[];
  /** Other connections on the same grant: their callers reach each other's organisations. */
  readonly sharedWith: readonly string[];
  readonly scope: string | null;
  /** Scopes of the app that the grant lacks: only a new consent brings them. */
  readonly missingScopes: readonly string[];
  readonly accessExpiresAtMs: number | null;
  readonly renewedAtMs: number | null;
  /** When the refresh token dies if nothing is done. */
  readonly lapsesAtMs: number | null;
  /** When the provider was last asked which organisations are connected. */
  readonly checkedAtMs: number | null;
  /** When a token is kept ready though nobody asks; `idle`: only while somebody uses it. */
  readonly warm: WarmHours | { readonly kind: "idle" };
  readonly trouble: {
    readonly kind: string;
    readonly detail: string;
    readonly sinceMs: number;
    readonly failures: number;
  } | null;
  readonly createdAtMs: number;
}

export interface Story {
  readonly connection: ConnectionView;
  /** One sentence: how it stands. */
  readonly summary: string;
  readonly next: { readonly what: string; readonly atMs: number | null };
  /** What the provider's policy does not let us promise. */
  readonly cannotPromise: readonly string[];
  /** What each kind of outage would cost. */
  readonly outages: readonly OutagePromise[];
  /** Newest first. */
  readonly events: readonly {
    readonly atMs: number;
    readonly event: string;
    readonly by: string;
    readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  }[];
}
