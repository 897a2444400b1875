import type {
  AppId,
  CallerId,
  ConnectionId,
  ConsentId,
  HoldReason,
  NodeId,
  NoticeName,
  OutagePromise,
  QuarantineReason,
  RecipientId,
  Secret,
} from "@evergrant/core";
import type { AppOrigins } from "../ports/app-store.ts";
import type { ConnectionTenant } from "../ports/connection-store.ts";
import type { Channel, DeliveryStatus, NoticeCounts } from "../ports/notice-store.ts";
import type { CallerPrincipal, PermissionName, Tokens } from "./access.ts";
import type { Gateway } from "./gateway.ts";

/**
 * Everything that faces may ask of a keeper. Refusals are thrown as `EvergrantError` with a code of the catalogue.
 * Instants are milliseconds since the epoch on the keeper's own clock.
 */
export interface Keeper {
  readonly tokens: Tokens;
  readonly apps: Apps;
  readonly connections: Connections;
  readonly consents: Consents;
  readonly callers: Callers;
  readonly gateway: Gateway;
  readonly quarantine: Quarantines;
  readonly notices: Notices;
  /** Whether the key is the operator's; compares hashes in constant time. */
  isOperator(key: Secret): boolean;
  health(): KeeperHealth;
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
}

export interface KeeperHealth {
  /** Valid tokens can be handed out. */
  readonly serving: boolean;
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
  deliveries(ask: { readonly status: DeliveryStatus | null; readonly limit: number }): Promise<readonly DeliveryView[]>;
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
  /** Adds a client secret in front of the others; the older ones stay for as long as they are listed. */
  addSecret(name: string, secret: Secret, by: string): Promise<AppView>;
  providers(): readonly ProviderView[];
}

export interface ProviderView {
  readonly id: string;
  readonly displayName: string;
  readonly kind: "authorization_code" | "client_credentials";
  /** What its policy does not let us promise. */
  readonly cannotPromise: readonly string[];
  /** What each kind of outage would cost. */
  readonly outages: readonly OutagePromise[];
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
  byName(name: string): Promise<ConnectionView>;
  /** From memory, for the hot path: undefined when there is none. */
  idOf(name: string): ConnectionId | undefined;
  setDisabled(name: string, disabled: boolean, by: string): Promise<ConnectionView>;
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

export interface RemovedConnection {
  /** Tenants disconnected at the provider. */
  readonly disconnected: readonly string[];
  /** Connections that still stand on the same grant. */
  readonly remaining: readonly string[];
  readonly grantRevoked: boolean;
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
  /** Other connections on the same grant: their callers reach each other's organisations. */
  readonly sharedWith: readonly string[];
  readonly scope: string | null;
  readonly accessExpiresAtMs: number | null;
  readonly renewedAtMs: number | null;
  /** When the refresh token dies if nothing is done. */
  readonly lapsesAtMs: number | null;
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

export interface Consents {
  /** A new first-consent link: shown once, kept as a hash. */
  createLink(request: NewConsentLink): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  /** The re-consent link of a connection: the same each time, until its epoch is raised. */
  reconsentLink(connection: string): Promise<{ readonly url: string }>;
  revokeReconsentLinks(connection: string, by: string): Promise<void>;
  /** What a link would do now. Changes nothing. @throws consent_link_invalid · consent_link_used · consent_link_expired · consent_not_needed */
  look(link: Secret): Promise<ConsentOffer>;
  /** Starts a run bound to this browser; answers where to send it. Throws as `look`. */
  begin(link: Secret, browser: Secret): Promise<{ readonly authorizeUrl: string }>;
  /**
   * Takes the provider's answer. Fails closed on anything missing, repeated or foreign; the code is sent at most once, a repeated
   * call with the same state and browser answers the stored result.
   * @throws consent_callback_invalid · consent_browser_mismatch · consent_session_expired
   */
  receive(callback: ConsentCallback): Promise<ConsentId>;
  /** The stored result, for the browser that made it. @throws consent_unknown · consent_browser_mismatch */
  result(consent: ConsentId, browser: Secret | null): Promise<ConsentResult>;
  held(): Promise<readonly HeldConsent[]>;
  /** An operator's yes or no to a held consent. @throws consent_unknown · consent_not_waiting */
  decide(consent: ConsentId, decision: { readonly accept: boolean; readonly by: string }): Promise<ConsentResult>;
}

export interface NewConsentLink {
  readonly connection: string;
  /** `any-tenant`: whoever creates the link accepts beforehand whichever organisation is chosen. */
  readonly accept: "ask" | "any-tenant";
  readonly by: string;
}

export interface ConsentOffer {
  readonly purpose: "first" | "again";
  readonly connection: string;
  readonly providerName: string;
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly expectedTenant: string | null;
  readonly requestedBy: string;
}

export interface ConsentCallback {
  readonly app: AppId;
  /** The query as it came, repeated parameters and all. */
  readonly params: URLSearchParams;
  readonly browser: Secret | null;
}

export type ConsentResult =
  | { readonly kind: "pending"; readonly connection: string }
  | {
      readonly kind: "accepted";
      readonly connection: string;
      readonly tenants: readonly string[];
      readonly subjectName: string | null;
      readonly sharedWith: readonly string[];
    }
  | {
      readonly kind: "held";
      readonly connection: string;
      readonly tenants: readonly string[];
      readonly subjectName: string | null;
      readonly because: readonly HoldReason[];
    }
  | { readonly kind: "refused"; readonly connection: string }
  | { readonly kind: "declined"; readonly connection: string }
  | {
      readonly kind: "failed";
      readonly connection: string;
      readonly code: "consent_code_refused" | "consent_answer_lost" | "consent_answer_incomplete";
    };

export interface HeldConsent {
  readonly id: ConsentId;
  readonly connection: string;
  readonly subject: string | null;
  readonly subjectName: string | null;
  readonly tenants: readonly string[];
  readonly because: readonly HoldReason[];
  readonly atMs: number;
}

export interface Callers {
  add(caller: NewCaller): Promise<{ readonly caller: CallerView; readonly clientSecret: Secret }>;
  list(): Promise<readonly CallerView[]>;
  addSecret(id: CallerId, by: string): Promise<{ readonly clientSecret: Secret }>;
  setPermissions(id: CallerId, permissions: readonly PermissionName[], by: string): Promise<CallerView>;
  setDisabled(id: CallerId, disabled: boolean, by: string): Promise<CallerView>;
  /** In memory and constant time; undefined when id or secret is wrong, expired or disabled. */
  authenticate(id: string, secret: Secret): CallerPrincipal | undefined;
}

export interface NewCaller {
  readonly name: string;
  readonly permissions: readonly PermissionName[];
  readonly by: string;
}

export interface CallerView {
  readonly id: CallerId;
  readonly name: string;
  readonly permissions: readonly PermissionName[];
  readonly secrets: readonly {
    readonly id: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number | null;
  }[];
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}
