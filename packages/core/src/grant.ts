import type { AttemptId, ChainId, NodeId, TokenVersionId } from "./ids.ts";

/**
 * What is known of one grant (app × provider subject), without its secrets: tokens are named by version id.
 * `unconsented`: no chain yet. `live`: kept by refreshing. `in-court`: its head was refused, the verdict is out.
 * `consent-needed`: only a person can help. `ended`: revoked or given up by us, never spent again.
 */
export type GrantState =
  | { readonly kind: "unconsented" }
  | { readonly kind: "live"; readonly chain: Chain }
  | { readonly kind: "in-court"; readonly chain: Chain; readonly court: Court }
  | { readonly kind: "consent-needed"; readonly chain: Chain; readonly reason: ConsentReason; readonly sinceMs: number }
  | { readonly kind: "ended"; readonly reason: EndReason; readonly sinceMs: number };

/** `cloned`: this store is a copy of one in use elsewhere, to which the grant belongs; nothing of its chain is ever spent here. */
export type ConsentReason = "refused-by-provider" | "lapsed" | "not-authorised" | "cloned";
/** `erased`: its data key is destroyed. */
export type EndReason = "revoked" | "disconnected" | "erased";

/** One consent's line of tokens. A re-consent starts a new chain; tokens never cross from one to another. */
export interface Chain {
  readonly id: ChainId;
  /** Grows with every settle; with the chain id, what compare-and-set compares. */
  readonly generation: number;
  readonly renewal: Renewal;
  readonly access: AccessFacts | null;
  /** The attempt whose end is not known, ours or another node's. */
  readonly attempt: Attempt | null;
  readonly trouble: Trouble | null;
  /** When the provider last gave us tokens. */
  readonly renewedAtMs: number;
  readonly usedAtMs: number | null;
  /** Drawn at each settle, 0 ≤ jitter < 1: by how much of the jitter share the next interval is shortened. */
  readonly jitter: number;
  readonly warned: WarningLevel | null;
}

/** How the next access token is got: with a refresh token, or (a Custom Connection) with the app's own credentials. */
export type Renewal =
  | {
      readonly kind: "refresh-token";
      readonly head: SpendableToken;
      readonly previous: SpendableToken | null;
      /** Other tokens of this chain that the provider gave us, oldest first: from a race, a replay, a lost acknowledgement. */
      readonly candidates: readonly SpendableToken[];
      readonly suspect: Suspect | null;
    }
  | { readonly kind: "client-credentials" };

export type RefreshRenewal = Extract<Renewal, { kind: "refresh-token" }>;

export interface SpendableToken {
  readonly version: TokenVersionId;
  readonly receivedAtMs: number;
  /** How often it was presented and may have been taken; a send that provably did nothing (refused, never left) is taken back. */
  readonly sends: number;
  /** Of the sends that may still be repeated; null where all are older than the grace, or there are none. */
  readonly firstSentAtMs: number | null;
  readonly lastSentAtMs: number | null;
  readonly refusedAtMs: number | null;
  readonly refusals: number;
}

export interface AccessFacts {
  readonly version: TokenVersionId;
  readonly receivedAtMs: number;
  readonly expiresAtMs: number;
  readonly scope: string | null;
}

export interface Attempt {
  readonly id: AttemptId;
  readonly node: NodeId;
  /** The refresh token presented; null for client credentials. */
  readonly token: TokenVersionId | null;
  readonly startedAtMs: number;
  /** When its end was told; it stays where that end left open what the provider did. Null while nothing was told. */
  readonly endedAtMs: number | null;
  readonly because: SpendReason;
}

export type SpendReason = "hot" | "warm" | "keepalive" | "demand" | "recovery" | "confirm" | "court" | "emergency";

/** A settled head that took more than one send: it is used again while its parent can still step in. */
export interface Suspect {
  readonly parentFirstSentAtMs: number;
  readonly parentLastSentAtMs: number;
}

/** Why the last attempts brought nothing although the grant itself is not in doubt. */
export interface Trouble {
  readonly kind: "unreachable" | "app-error" | "ambiguous";
  readonly detail: string;
  readonly sinceMs: number;
  readonly lastAtMs: number;
  readonly failures: number;
  readonly retryAtMs: number;
  /** What the provider asked for (Retry-After): not even a waiting caller goes below it. */
  readonly notBeforeMs: number;
}

/** The sitting over a refused head: it is presented again, spaced, then the chain's other tokens are. */
export interface Court {
  readonly openedAtMs: number;
  readonly confirmations: number;
  readonly lastTryAtMs: number;
}

export type WarningLevel = "half" | "three-quarters";

export function newToken(version: TokenVersionId, receivedAtMs: number): SpendableToken {
  return { version, receivedAtMs, sends: 0, firstSentAtMs: null, lastSentAtMs: null, refusedAtMs: null, refusals: 0 };
}

/** The chain that a consent (or a Custom Connection's set-up) begins; its first answer is generation 0. */
export function firstChain(
  id: ChainId,
  start: {
    renewal: Renewal["kind"];
    version: TokenVersionId | null;
    access: AccessFacts | null;
    atMs: number;
    jitter: number;
  },
): Chain {
  const renewal: Renewal =
    start.renewal === "refresh-token" && start.version !== null
      ? {
          kind: "refresh-token",
          head: newToken(start.version, start.atMs),
          previous: null,
          candidates: [],
          suspect: null,
        }
      : { kind: "client-credentials" };
  return {
    id,
    generation: 0,
    renewal,
    access: start.access,
    attempt: null,
    trouble: null,
    renewedAtMs: start.atMs,
    usedAtMs: null,
    jitter: start.jitter,
    warned: null,
  };
}

export function chainOf(state: GrantState): Chain | null {
  return "chain" in state ? state.chain : null;
}

/** Whether this is a copy's grant, whose chain another store keeps alive: nothing of it is ever spent here. */
export function isLeftToOriginal(state: GrantState): boolean {
  return state.kind === "consent-needed" && state.reason === "cloned";
}
