import type { AppId, ChainId, GrantId, GrantState, Lease, TokenVersionId } from "@evergrant/core";
import type { Records } from "./records.ts";
import type { Sealed, WrappedKey } from "./sealer.ts";

export interface StoredGrant {
  readonly id: GrantId;
  readonly app: AppId;
  /** The provider's name for the person; null where it gives none, then each consent is a grant of its own. */
  readonly subject: string | null;
  readonly state: GrantState;
  readonly lease: Lease;
  readonly dataKey: WrappedKey;
  /** When the schedule wants to look at it; null: not before something happens to it. */
  readonly dueAtMs: number | null;
}

/** What stands in the place of a destroyed data key: nothing opens with it. */
export const NO_DATA_KEY = "" as WrappedKey;

/** One answer of the provider, sealed: never changed, never dropped before its retention ends or its grant is erased. */
export interface TokenVersion {
  readonly id: TokenVersionId;
  readonly grant: GrantId;
  readonly chain: ChainId;
  readonly parent: TokenVersionId | null;
  readonly receivedAtMs: number;
  readonly accessToken: Sealed;
  readonly accessExpiresAtMs: number;
  /** Null where the answer brought none. */
  readonly refreshToken: Sealed | null;
  /** Keyed fingerprint of the refresh token, for recognising it without opening anything. */
  readonly refreshFingerprint: string | null;
  readonly scope: string | null;
}

export interface GrantChange {
  /** Null leaves the state as it is. */
  readonly state: GrantState | null;
  readonly lease: Lease | null;
  readonly dueAtMs: number | null;
  readonly tokens: readonly TokenVersion[];
  readonly records: Records;
}

/** A decision about a grant as it is inside the transaction: `change: null` writes nothing. */
export interface GrantDecision<Result> {
  readonly change: GrantChange | null;
  readonly result: Result;
}

/** What one node was given to look at. */
export interface ClaimedGrants {
  /** Soonest first, as they stand with their new due instants. */
  readonly grants: readonly StoredGrant[];
  /** The soonest due instant of all others, whoever looks at them; null when nothing else is scheduled. */
  readonly nextDueMs: number | null;
}

/** Grants, their tokens and their leases. Knows nothing of providers or policies. */
export interface GrantStore {
  load(id: GrantId): Promise<StoredGrant | undefined>;
  findBySubject(app: AppId, subject: string): Promise<StoredGrant | undefined>;
  /** `exists` when another grant has this app and subject already; nothing is written then. */
  create(grant: StoredGrant, records: Records): Promise<"created" | "exists">;
  /**
   * Reads the grant, lets `decide` answer, writes the answer: one transaction, serialised per grant. `nowMs` is the store's own time,
   * in which leases are counted. `decide` is pure and may run more than once. Undefined where there is no such grant.
   */
  change<Result>(
    id: GrantId,
    decide: (grant: StoredGrant, nowMs: number) => GrantDecision<Result>,
  ): Promise<Result | undefined>;
  /** Grants whose due instant has come, soonest first. */
  due(beforeMs: number, limit: number): Promise<readonly GrantId[]>;
  /**
   * As `due`, and each of them becomes due again at `againAtMs` unless a change says otherwise before: until then no other node
   * is given it, and after that another takes over from a node that died. Grants that a change is being made to are left out.
   */
  claimDue(beforeMs: number, limit: number, againAtMs: number): Promise<ClaimedGrants>;
  /** Every grant there is, by id, from the one after `after`. */
  page(after: GrantId | null, limit: number): Promise<readonly GrantId[]>;
  token(id: TokenVersionId): Promise<TokenVersion | undefined>;
  /** Whether this refresh token was ever held, whatever became of it. */
  knowsFingerprint(fingerprint: string): Promise<boolean>;
  /** Every version that a grant ever had, by id: what is left of an erased one tells which attempts were its own. */
  versionsOf(grant: GrantId): Promise<readonly Pick<TokenVersion, "id" | "chain">[]>;
  /**
   * Destroys a grant: its data key, its tokens and its person's name are gone; what stays are the fingerprints of its refresh tokens, so that
   * none is ever taken over again. False, and nothing written, where it is erased already, or where there is none.
   */
  erase(id: GrantId, erased: { readonly atMs: number; readonly state: GrantState }, records: Records): Promise<boolean>;
  /** Grants that were erased since then, oldest first. */
  erasedSince(sinceMs: number, limit: number): Promise<readonly { readonly id: GrantId; readonly atMs: number }[]>;
  /** Every refresh-token-bearing version of a chain, oldest first. */
  tokensOfChain(grant: GrantId, chain: ChainId): Promise<readonly TokenVersion[]>;
}
