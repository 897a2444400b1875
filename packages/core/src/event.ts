import type { Chain, EndReason, GrantState, SpendReason, WarningLevel } from "./grant.ts";
import type { AttemptId, ChainId, NodeId, TokenVersionId } from "./ids.ts";
import type { Failure } from "./outcome.ts";

/** Something that happened to a grant. Instants are the wall clock of the node that saw it. */
export type GrantEvent =
  | {
      readonly kind: "attempt-begun";
      readonly atMs: number;
      readonly attempt: AttemptId;
      readonly node: NodeId;
      readonly token: TokenVersionId | null;
      readonly because: SpendReason;
      readonly usedAtMs: number | null;
    }
  | ({ readonly kind: "renewed"; readonly atMs: number } & Renewed)
  | ({ readonly kind: "failed"; readonly atMs: number } & Failed)
  | ({ readonly kind: "send-remembered"; readonly atMs: number } & Remembered)
  | { readonly kind: "declared-lost"; readonly atMs: number }
  | { readonly kind: "warned"; readonly atMs: number; readonly level: WarningLevel }
  | { readonly kind: "consented"; readonly atMs: number; readonly chain: Chain }
  | { readonly kind: "ended"; readonly atMs: number; readonly reason: EndReason }
  /** An operator said that this store is a copy of one that goes on: what a single-use token keeps alive belongs to the other. */
  | { readonly kind: "cloned"; readonly atMs: number };

/** What an attempt was computed from; a grant that has moved on since answers with a candidate or nothing at all. */
export interface Expected {
  readonly chain: ChainId;
  readonly generation: number;
}

export interface Renewed {
  readonly attempt: AttemptId;
  readonly expected: Expected;
  /** The refresh token that was presented; null for client credentials. */
  readonly spent: TokenVersionId | null;
  readonly sentAtMs: number;
  /** The version row that holds what came back. */
  readonly version: TokenVersionId;
  /** Whether a new refresh token came with it; without one the old stays (RFC 6749 §6). */
  readonly rotated: boolean;
  readonly access: { readonly expiresAtMs: number; readonly scope: string | null };
  readonly usedAtMs: number | null;
  readonly jitter: number;
}

export interface Failed {
  readonly attempt: AttemptId;
  readonly expected: Expected;
  readonly outcome: Failure;
}

/** A send that may have been executed, and that a store which went back in time has forgotten; a journal still knows it. */
export interface Remembered {
  readonly attempt: AttemptId;
  readonly node: NodeId;
  readonly expected: Expected;
  readonly token: TokenVersionId;
  readonly sentAtMs: number;
  /** When its end was told; null where nothing was. */
  readonly endedAtMs: number | null;
}

/** The new state with the one audit record that goes into the same transaction, or the reason why nothing moved. */
export type Transition =
  | {
      readonly kind: "moved";
      readonly state: GrantState;
      readonly audit: AuditFacts;
      readonly notice: NoticeKind | null;
      /** Whether the attempt's end is known, so that its lease may be given back. */
      readonly releases: boolean;
    }
  | { readonly kind: "unmoved"; readonly because: "already-settled" | "stale" | "no-chain" };

/** What a person may have to know of a grant. `ended` is told to nobody: it says that whatever was told is over. */
export type NoticeKind = "consent-needed" | "recovered" | "lapse-coming" | "app-broken" | "ended";

/** One record of the story: no secrets, plain values. */
export interface AuditFacts {
  readonly event: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}
