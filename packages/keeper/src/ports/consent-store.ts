import type { AppId, ChainId, ConnectionId, ConsentId, GrantId, HoldReason, TokenVersionId } from "@evergrant/core";
import type { ListPlace } from "./list-place.ts";
import type { PinnedOrigins } from "./provider.ts";
import type { Tenant } from "./provider-api.ts";
import type { Records } from "./records.ts";
import type { Sealed, WrappedKey } from "./sealer.ts";

/** A first-consent link: random, kept as a hash, completes once. */
export interface ConsentLink {
  readonly hash: string;
  readonly connection: ConnectionId;
  readonly accept: "ask" | "any-tenant";
  readonly expiresAtMs: number;
  readonly completedAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/** From where somebody acted, as far as the connection says. Shown to operators, never judged by. */
export interface ConsentOrigin {
  readonly address: string;
  /** What the browser calls itself; null where it does not. */
  readonly agent: string | null;
}

/** One run through the provider, from the click on a consent link: bound to browser, app and redirect URI. */
export interface StoredConsent {
  readonly id: ConsentId;
  readonly connection: ConnectionId;
  readonly app: AppId;
  /** Null when it was started by a re-consent link, which is not stored. */
  readonly linkHash: string | null;
  /** The epoch of the re-consent link that started it; null where it was none, and for runs older than this field. */
  readonly linkEpoch: number | null;
  /** The operator who started it and pastes the provider's answer; null where the browser that started it brings the answer. */
  readonly pastedBy: string | null;
  readonly startedFrom: ConsentOrigin | null;
  /** `import`: nobody was sent anywhere; an operator brought a refresh token. */
  readonly purpose: "first" | "again" | "import";
  readonly stateHash: string;
  readonly browserHash: string;
  readonly nonce: string;
  readonly redirectUri: string;
  readonly dataKey: WrappedKey;
  readonly codeVerifier: Sealed;
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  readonly progress: ConsentProgress;
}

/** How far a consent has come. A code is sent at most once: only `started` can be claimed. */
export type ConsentProgress =
  | { readonly kind: "started" }
  | {
      readonly kind: "claimed";
      readonly atMs: number;
      readonly attempt: string;
      /** What the callback said beside code and state, as far as the provider's data ask for it. */
      readonly callback?: Readonly<Record<string, string>>;
      readonly imported?: ImportedToken;
      /** The tokens of an import that was verified, from when on they are taken over. */
      readonly verified?: { readonly access: TokenVersionId; readonly refresh: TokenVersionId };
    }
  | { readonly kind: "declined"; readonly atMs: number; readonly error: string }
  | {
      readonly kind: "failed";
      readonly atMs: number;
      readonly code: ConsentFailure;
      readonly detail: string;
    }
  | ({
      readonly kind: "held";
      readonly atMs: number;
      readonly because: readonly HoldReason[];
      /** An operator's yes that is being carried out: nobody else decides any more, and a yes said again goes on with it. */
      readonly acceptedBy?: string;
    } & ReceivedConsent)
  | ({ readonly kind: "accepted"; readonly atMs: number; readonly by: string } & ReceivedConsent)
  | ({ readonly kind: "refused"; readonly atMs: number; readonly by: string } & ReceivedConsent);

export type ConsentFailure =
  | "consent_code_refused"
  | "consent_answer_lost"
  | "consent_answer_incomplete"
  | "consent_superseded"
  | "import_token_known"
  | "import_token_refused"
  | "import_unfinished";

/** A refresh token from elsewhere. */
export interface ImportedToken {
  /** The grant, named after the token's fingerprint, under which it is kept and verified; its tokens move to their person's grant then. */
  readonly grant: GrantId;
  readonly expectedSubject: string | null;
}

/** What a finished code exchange, or a verified import, brought, tokens already durable. */
export interface ReceivedConsent {
  readonly imported?: ImportedToken;
  readonly grant: GrantId;
  readonly chain: ChainId;
  readonly version: TokenVersionId;
  readonly subject: string | null;
  readonly subjectName: string | null;
  readonly scope: string | null;
  readonly tenants: readonly Tenant[];
  readonly chosenTenants: readonly string[];
  /** Where the grant's data lie, where that differs from grant to grant. */
  readonly pinned?: PinnedOrigins;
}

export interface ConsentStore {
  createLink(link: ConsentLink, records: Records): Promise<void>;
  findLink(hash: string): Promise<ConsentLink | undefined>;
  /** Marks a link as completed; false when it was completed, revoked or never there: single completion is decided here. */
  completeLink(hash: string, atMs: number): Promise<boolean>;
  /** Takes back every link of a connection that nobody completed; how many. */
  revokeLinks(connection: ConnectionId, atMs: number, records: Records): Promise<number>;
  create(consent: StoredConsent, records: Records): Promise<void>;
  find(id: ConsentId): Promise<StoredConsent | undefined>;
  findByState(stateHash: string): Promise<StoredConsent | undefined>;
  /** Reads, lets `decide` answer (null: leave it), writes: one transaction. Answers the consent as it then is; undefined where there is none. */
  change(
    id: ConsentId,
    decide: (consent: StoredConsent) => { progress: ConsentProgress; records: Records } | null,
  ): Promise<StoredConsent | undefined>;
  /** Newest first, by their start; from a place on where one is named. */
  ofConnection(connection: ConnectionId, limit: number, after?: ListPlace | null): Promise<readonly StoredConsent[]>;
  /** Consents that wait for an operator, oldest first, by their start; from a place on where one is named. */
  held(limit: number, after?: ListPlace | null): Promise<readonly StoredConsent[]>;
  /** Imports whose token is not verified or not taken over yet, oldest first. */
  importing(limit: number): Promise<readonly StoredConsent[]>;
}
