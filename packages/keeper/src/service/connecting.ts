import type { ConnectionId, NodeId, OutagePromise, WarmHours } from "@evergrant/core";
import type { ConnectionTenant, ReachedTenant } from "../ports/connection-store.ts";
import type { Page, PageAsk } from "./pages.ts";

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
